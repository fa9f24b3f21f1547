"""Paths of routes with parameters, {name}, {name:int} and so on, and how their handlers are called."""

from ..config import MICROPYTHON
from ..protocol.url import unquote

if MICROPYTHON:

    def is_plain_function(handler) -> bool:
        """Whether `handler` is certainly not async (an async closure cannot be told)."""
        return type(handler) is type(is_plain_function)

else:
    from .signatures import is_plain_function

_KINDS = ("str", "int", "float", "bool", "path")
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


def convert(kind: str, text: str):
    """`text` as int, float, bool or str. ValueError when it is none."""
    if kind == "int":
        digits = text[1:] if text[:1] == "-" else text
        if not digits.isdigit():
            raise ValueError(text)
        return int(text)
    if kind == "float":
        if not text.replace("-", "").replace(".", "").replace("e", "").replace("+", "").isdigit():
            raise ValueError(text)
        return float(text)
    if kind == "bool":
        word = text.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError(text)
    return text


class Path:
    """A route's path: segments that are literal text, or (name, kind) of a parameter."""

    def __init__(self, pattern: str):
        if not isinstance(pattern, str) or not pattern.startswith("/"):
            raise ValueError("route path must start with '/': %r" % (pattern,))
        self.pattern = pattern
        self.segments: list = []
        names = []
        parts = pattern[1:].split("/")
        for i, part in enumerate(parts):
            if not part.startswith("{"):
                if "{" in part or "}" in part:
                    raise ValueError("route %s: a parameter is a whole segment, like /{name}" % pattern)
                self.segments.append(part)
                continue
            name, _, kind = part[1:-1].partition(":")
            kind = kind or "str"
            if not part.endswith("}") or not name or kind not in _KINDS:
                raise ValueError("route %s: %r is not {name} or {name:%s}" % (pattern, part, "|".join(_KINDS)))
            if name in names:
                raise ValueError("route %s: parameter %r stands twice" % (pattern, name))
            if kind == "path" and i != len(parts) - 1:
                raise ValueError("route %s: a {%s:path} must come last" % (pattern, name))
            names.append(name)
            self.segments.append((name, kind))

    def shape(self) -> tuple:
        """Equal for two paths that match the same requests."""
        return tuple([s if isinstance(s, str) else (s[1],) for s in self.segments])

    def match(self, parts: list) -> "dict | None":
        """Parameters of the undecoded path segments `parts`, or None. ValueError: a bad percent escape."""
        wanted = self.segments
        last = wanted[-1]
        if len(parts) != len(wanted):
            if isinstance(last, str) or last[1] != "path" or len(parts) < len(wanted):
                return None
        params = {}
        for i, segment in enumerate(wanted):
            if isinstance(segment, str):
                if segment != parts[i] and segment != unquote(parts[i]):
                    return None
                continue
            name, kind = segment
            if kind == "path":
                params[name] = "/".join([unquote(part) for part in parts[i:]])
                continue
            text = unquote(parts[i])
            if not text:
                return None
            try:
                params[name] = convert(kind, text)
            except ValueError:
                return None
        return params


def add(app, pattern: str) -> dict:
    """The methods of a path with parameters, which is new or known to the application."""
    path = Path(pattern)
    for known, methods in app.patterns:
        if known.pattern == path.pattern:
            return methods
        if known.shape() == path.shape():
            raise ValueError(
                "routes %s and %s match the same requests; use the same parameter names" % (known.pattern, path.pattern)
            )
    app.patterns += ((path, {}),)
    return app.patterns[-1][1]


def call(endpoint, params: dict, extra):
    """HttpEndpoint.call() with path parameters."""
    if extra:
        params = dict(params)
        params.update(extra)
    try:
        return endpoint.handler(**params)
    except TypeError:
        # Calling an async function only binds its arguments; a plain one may have failed inside.
        if is_plain_function(endpoint.handler):
            raise
    result = endpoint.handler(**(extra or {}))
    endpoint.plain = True
    return result


def bind(endpoint, ws, params: dict, extra):
    """WsEndpoint.bind() with path parameters."""
    every = dict(params)
    every.update(extra or {})
    try:
        return endpoint.handler(ws, **every)
    except TypeError:
        endpoint.plain = True
    return endpoint.handler(ws, **(extra or {}))
