"""Finding a route that is not just the path as it was sent."""

from ..exceptions import ProtocolError
from ..protocol.url import unquote


class Finding:
    """Mixin of ViperHTTP."""

    def find_route(self, path: str) -> tuple:
        """(methods, params) for an undecoded path; (None, None) when there is no route. ProtocolError 400."""
        methods = self.paths.get(path)
        if methods is not None:
            return methods, None
        parts = path[1:].split("/")
        try:
            if "%" in path:
                decoded = "/" + "/".join([unquote(part).replace("/", "%2F") for part in parts])
                methods = self.paths.get(decoded)
                if methods is not None:
                    return methods, None
            for known, methods in self.patterns:
                params = known.match(parts)
                if params is not None:
                    return methods, params
        except ValueError as error:
            raise ProtocolError(400, "%s in the path" % error)
        return None, None

    def every_route(self) -> list:
        """(path, methods) of each."""
        return list(self.paths.items()) + [(path.pattern, methods) for path, methods in self.patterns]
