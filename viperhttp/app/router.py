"""Router: a group of routes with a common prefix."""

from ..cold import complete
from ..config import MICROPYTHON
from .routes import Routes


class Router(Routes):
    """A group of routes for include_router().

    prefix  put before every path
    tags    added to every route's documentation
    deps    {name: Depends} for every route
    """

    def __init__(self, prefix: str = "", tags=None, deps=None):
        if prefix and not prefix.startswith("/"):
            raise ValueError("router prefix must start with '/': %r" % prefix)
        self.prefix = prefix.rstrip("/")
        self.tags = list(tags or ())
        self.deps = deps or {}
        self.routes: list = []

    def add(self, path: str, method: str, endpoint) -> None:
        """Register an endpoint below the prefix."""
        if self.tags:
            endpoint.docs = dict(endpoint.docs or {})
            endpoint.docs["tags"] = self.tags + list(endpoint.docs.get("tags") or ())
        if self.deps:
            deps = dict(self.deps)
            deps.update(endpoint.deps or {})
            endpoint.deps = deps
        endpoint.pattern = (self.prefix + path) if path != "/" or not self.prefix else self.prefix
        self.routes.append((endpoint.pattern, method, endpoint))

    def include_router(self, router: "Router", prefix: str = "") -> None:
        """Add the routes of another router, below this one's prefix and then `prefix`."""
        for path, method, endpoint in router.below(prefix):
            self.add(path, method, endpoint)

    def below(self, prefix: str):
        """(path, method, endpoint) of each route below `prefix`; the endpoints are the includer's own to change."""
        for path, method, endpoint in self.routes:
            twin = object.__new__(type(endpoint))
            for name, value in endpoint.__dict__.items():
                setattr(twin, name, value)
            yield prefix.rstrip("/") + path, method, twin


if not MICROPYTHON:
    complete(Router)
