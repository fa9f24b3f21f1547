"""Typed query parameters and dependencies: values that the server makes for a handler's keyword arguments."""

from ..exceptions import HTTPException
from ..log import report
from .paths import convert

_MISSING = object()
_MAX_DEPENDS = 16  # of one handler
_MAX_DEPTH = 8  # of dependencies that depend on others

# Depends objects that no route has been given: see unbound().
_made: list = []


class Query:
    """A typed query parameter.

    default  what the handler gets when the parameter is absent; without one it is required (422)
    cast     str (default), int, float or bool (1/0, true/false, yes/no, on/off)
    """

    def __init__(self, default=_MISSING, cast=str):
        self.default = default
        self.cast = cast


class Depends:
    """A value that `function` makes for each request or connection.

    function  async or not, or anything callable; a generator function gives its one value by `yield`, and what
              stands behind the yield runs when the request or connection has ended
    deps      {name: Depends} passed to it as keyword arguments
    mode      "value", "yield", "async_yield", or "auto" (default): find out
    scope     "app": made once and shared by all
    ws        True: the request or WebSocket is its first argument. On CPython a parameter without a default that
              is named ws or websocket, or annotated WebSocket or Request, gets it without being told
    """

    def __init__(self, function, deps=None, mode: str = "auto", scope: "str | None" = None, ws: bool = False):
        if not callable(function):
            raise TypeError("Depends takes a function, not %r" % (function,))
        if mode not in ("auto", "value", "yield", "async_yield"):
            raise ValueError("Depends mode %r is not auto, value, yield or async_yield" % (mode,))
        if scope not in (None, "app", "request"):
            raise ValueError("Depends scope %r is not 'app' or 'request'" % (scope,))
        self.function = function
        self.deps = deps
        self.mode = mode
        self.scope = scope
        self.ws = ws
        self.bound = False
        _made.append(self)


def bind(deps, depth: int = 0) -> None:
    """Mark the Depends of a route as known."""
    if depth > _MAX_DEPTH:
        raise ValueError("dependencies are more than %d deep" % _MAX_DEPTH)
    if deps and len(deps) > _MAX_DEPENDS:
        raise ValueError("more than %d dependencies" % _MAX_DEPENDS)
    for name, depend in (deps or {}).items():
        if not isinstance(depend, Depends):
            raise TypeError("dependency %r must be Depends(function), not %r" % (name, depend))
        depend.bound = True
        bind(depend.deps, depth + 1)


def unbound() -> list:
    """Depends objects that no route uses: in a default argument they would be ignored, and skip what they guard."""
    return [depend for depend in _made if not depend.bound]


def query_values(spec, request) -> dict:
    """The keyword arguments of a `query=` specification. HTTPException 422 names a wrong or missing parameter."""
    values = {}
    given = request.query_params
    for name, query in spec.items():
        if not isinstance(query, Query):
            query = Query(cast=query)
        if name not in given:
            if query.default is _MISSING:
                raise HTTPException(422, "Missing query param: " + name)
            values[name] = query.default
            continue
        try:
            values[name] = _cast(query.cast, given[name])
        except ValueError:
            raise HTTPException(422, "Invalid query param: " + name)
    return values


def _cast(cast, text: str):
    if cast in (str, int, float, bool):
        return convert(cast.__name__, text)
    return cast(text)


class Scope:
    """The dependencies of one request or connection: made on entry, torn down at the end."""

    def __init__(self, app, request):
        self.app = app
        self.request = request
        self.open = []
        self.made = {}

    async def values(self, deps) -> dict:
        """{name: value} for {name: Depends}; the same Depends is made once."""
        values = {}
        for name, depend in deps.items():
            values[name] = await self._value(depend)
        return values

    async def _value(self, depend):
        shared = self.made if depend.scope != "app" else _shared(self.app)
        if depend in shared:
            return shared[depend]
        arguments = await self.values(depend.deps) if depend.deps else {}
        function = depend.function
        if depend.ws is True:
            result = function(self.request, **arguments)
        else:
            if depend.ws:
                arguments[depend.ws] = self.request
            result = function(**arguments)
        value = await self._result(depend, result)
        shared[depend] = value
        return value

    async def _result(self, depend, result):
        if hasattr(result, "__anext__"):
            value = await result.__anext__()
            self._keep(depend, result)
            return value
        if not hasattr(result, "send"):
            return result
        if hasattr(result, "__await__"):
            return await result
        # MicroPython cannot tell a coroutine from a generator: what it yields first is its value, but None
        # (asyncio waiting) is passed on.
        value = await _first(result, depend.mode)
        if value[0]:
            self._keep(depend, result)
        return value[1]

    def _keep(self, depend, generator) -> None:
        if depend.scope == "app":
            self.app.teardown = self.app.teardown or []
            self.app.teardown.append(generator)
        else:
            self.open.append(generator)

    async def close(self) -> None:
        """Run what stands behind each yield, last first. Errors are logged."""
        while self.open:
            await finish(self.open.pop())


def _shared(app) -> dict:
    if app.shared is None:
        app.shared = {}
    return app.shared


def _first(generator, mode: str):
    # A plain generator, awaitable on MicroPython: (True, value) from a yield, (False, value) from a return.
    try:
        while True:
            item = generator.send(None)
            if item is not None or mode == "yield":
                return True, item
            yield
    except StopIteration as end:
        return False, end.value


async def _first_cpython(generator, mode: str):
    try:
        return True, generator.send(None)
    except StopIteration as end:
        return False, end.value


if hasattr(_first_cpython, "__code__"):
    _first = _first_cpython


async def finish(generator) -> None:
    """Run a dependency's teardown."""
    try:
        if hasattr(generator, "__anext__"):
            try:
                await generator.__anext__()
            except StopAsyncIteration:
                pass
        else:
            await _first(generator, "auto")
    except Exception as error:
        report("teardown of a dependency", error)


async def call_with(app, endpoint, request):
    """Call an HTTP handler with its query values and dependencies."""
    extra = query_values(endpoint.query, request) if endpoint.query else {}
    scope = Scope(app, request)
    try:
        if endpoint.deps:
            extra.update(await scope.values(endpoint.deps))
        result = endpoint.call(request.path_params, extra)
        if hasattr(result, "send"):
            result = await result
        return result
    finally:
        await scope.close()
