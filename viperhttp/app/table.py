"""Which handler a path belongs to: static paths first, then typed parameters."""


class RouteTable:
    """All routes of an application. A route maps methods, and "WEBSOCKET", to handlers."""

    def __init__(self):
        self.static = {}  # {path: methods}
        self._dynamic = []

    def add(self, pattern: str, method: str, endpoint) -> None:
        """Register `endpoint`. ValueError when the path and method are taken."""
        if isinstance(pattern, str) and pattern[:1] == "/" and "{" not in pattern and "}" not in pattern:
            methods = self.static.setdefault(pattern, {})
        else:
            from .paths import Path

            methods = self._methods(Path(pattern))
        if method in methods:
            raise ValueError("route %s %s is registered twice" % (method, pattern))
        methods[method] = endpoint

    def _methods(self, path) -> dict:
        for known, methods in self._dynamic:
            if known.pattern == path.pattern:
                return methods
            if known.shape() == path.shape():
                raise ValueError(
                    "routes %s and %s match the same requests; use the same parameter names"
                    % (known.pattern, path.pattern)
                )
        methods = {}
        self._dynamic.append((path, methods))
        return methods

    def find(self, path: str) -> tuple:
        """(methods, params) for an undecoded path; (None, None) when there is no route."""
        methods = self.static.get(path)
        if methods is not None:
            return methods, {}
        parts = path[1:].split("/")
        if "%" in path:
            from ..protocol.url import unquote

            decoded = "/" + "/".join([unquote(part).replace("/", "%2F") for part in parts])
            methods = self.static.get(decoded)
            if methods is not None:
                return methods, {}
        for known, methods in self._dynamic:
            params = known.match(parts)
            if params is not None:
                return methods, params
        return None, None

    def __iter__(self):
        for pattern, methods in self.static.items():
            yield pattern, methods
        for path, methods in self._dynamic:
            yield path.pattern, methods
