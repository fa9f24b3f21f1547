"""CPython: a handler's annotations as typed path and query parameters (MicroPython has none to read)."""

import inspect
import typing

from ..endpoints.request import Request
from ..endpoints.websocket import WebSocket
from .depends import Depends, Query

_TYPES = (str, int, float, bool)
_CONNECTION = ("ws", "websocket")  # names of a dependency's parameter that gets the connection


def apply(path: str, endpoint, takes_ws: bool) -> str:
    """Read the handler's annotations: add to endpoint.query, and return `path` with types for its parameters.

    {pk} becomes {pk:int} for `pk: int`; another parameter annotated str, int, float or bool is a query parameter,
    required when it has no default. What the route declares itself (types, query=, deps=) stands.
    """
    for depend in (endpoint.deps or {}).values():
        _find_connection(depend)
    try:
        parameters = list(inspect.signature(endpoint.handler).parameters.values())
        hints = typing.get_type_hints(endpoint.handler)
    except (TypeError, ValueError, NameError):
        return path  # a callable without a signature, or hints that name what is not there
    for parameter in parameters[1:] if takes_ws else parameters:
        name = parameter.name
        kind = hints.get(name)
        if kind not in _TYPES or name in (endpoint.query or ()) or name in (endpoint.deps or ()):
            continue
        if "{%s}" % name in path:
            if kind is not str:
                path = path.replace("{%s}" % name, "{%s:%s}" % (name, kind.__name__))
        elif "{%s:" % name not in path and not isinstance(parameter.default, Depends):
            query = Query(cast=kind) if parameter.default is parameter.empty else Query(parameter.default, kind)
            endpoint.query = dict(endpoint.query or {})
            endpoint.query[name] = query
    return path


def _find_connection(depend) -> None:
    # Which parameter of a dependency is the request or WebSocket; what `deps` fills in is not.
    for inner in (depend.deps or {}).values():
        _find_connection(inner)
    if depend.ws:
        return
    try:
        parameters = inspect.signature(depend.function).parameters
        hints = typing.get_type_hints(depend.function)
    except (TypeError, ValueError, NameError):
        return
    for name, parameter in parameters.items():
        if name in (depend.deps or ()) or parameter.default is not parameter.empty:
            continue  # what has a default can do without, as a guard that is also a hook
        if name in _CONNECTION or hints.get(name) in (Request, WebSocket):
            depend.ws = name
            return
