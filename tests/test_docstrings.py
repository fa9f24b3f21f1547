"""Every public name says what it does, and its docstring names each parameter."""

import inspect
import re

import pytest

import viperhttp
import viperhttp.asgi
import viperhttp.auth
import viperhttp.background
import viperhttp.middleware
import viperhttp.sessions
import viperhttp.socketio
import viperhttp.testing
from viperhttp import _names
from viperhttp.endpoints.forms import Form, Part, Parts
from viperhttp.testing_parts import EventStream, TestResponse, WebSocketSession

MODULES = ("asgi", "auth", "background", "middleware", "sessions", "socketio", "testing")
# Names that say all there is to say of a parameter wherever they stand.
PLAIN = {"self", "cls", "args", "kwargs", "options", "error", "scope", "receive", "send", "protocol", "path", "data"}
# Made by the library, never by an application.
MADE_HERE = {"Request", "WebSocket", "Part", "Parts", "TestResponse", "WebSocketSession", "EventStream", "Session"}
# Between the library's own layers, without an underscore because modules call each other's.
INTERNAL = {
    "ViperHTTP.add",
    "Router.add",
    "Response.send_to",
    "StreamingResponse.send_to",
    "EventSourceResponse.send_to",
    "FileResponse.send_to",
    "WebSocket.accept_now",
    "WebSocket.refuse_with",
    "WebSocket.nap",
    "TestClient.check",
    "ConnectionManager.deliver",
    "ConnectionManager.enter",
    "SessionMiddleware.find",
}


def public_names():
    """{name: object} of everything an application may name."""
    found = {name: getattr(viperhttp, name) for name in _names.every()}
    for module in MODULES:
        for name, value in vars(getattr(viperhttp, module)).items():
            # What a module has imported for itself is not its own to offer.
            home = getattr(value, "__module__", "") or ""
            if not name.startswith("_") and home.startswith(f"viperhttp.{module}"):
                found[f"{module}.{name}"] = value
    for value in (Form, Part, Parts, EventStream, TestResponse, WebSocketSession):
        found[value.__name__] = value
    return found


def defined_at(cls, key):
    """The class of the package whose body has the method."""
    return next(base for base in cls.__mro__ if key in vars(base))


def functions():
    """{name: (function, docstring)} of everything that takes arguments, each once where it is defined."""
    found = {}
    for name, value in sorted(public_names().items()):
        if inspect.isfunction(value):
            found[name] = value, inspect.getdoc(value)
        if not inspect.isclass(value):
            continue
        short = name.rpartition(".")[2]
        own = value.__init__
        if inspect.isfunction(own) and short not in MADE_HERE:
            found[name] = own, whole_docstring(value)
        for key, member in inspect.getmembers(value, inspect.isfunction):
            if key.startswith("_") or f"{short}.{key}" in INTERNAL or from_below(member):
                continue
            base = defined_at(value, key).__name__
            if base == short or base not in public_shorts():
                found[f"{short}.{key}"] = member, with_references(value, described(value, key))
    return found


def public_shorts():
    return {name.rpartition(".")[2] for name in public_names()}


def described(cls, key):
    """The docstrings of a method, its own and those that it overrides."""
    return "\n".join(inspect.getdoc(vars(base)[key]) or "" for base in cls.__mro__ if key in vars(base))


def with_references(cls, text):
    """A docstring and those it refers to by "see x"."""
    for key in re.findall(r"see (\w+)", text or ""):
        text += "\n" + described(cls, key)
    return text


def whole_docstring(cls):
    """The docstrings of a class and its bases in the package: a subclass says what it adds."""
    return "\n".join(base.__doc__ or "" for base in cls.__mro__ if base.__module__.startswith("viperhttp"))


def from_below(function):
    """Whether a method is for the layers below, and no application calls it."""
    below = ("viperhttp.transport", "viperhttp.connection", "viperhttp.protocol", "viperhttp.endpoints._cpython")
    return function.__module__.startswith(below)


def unnamed(function, text):
    """Parameters that the docstring does not name."""
    missing = []
    for name in inspect.signature(function).parameters:
        if name.lstrip("_") not in PLAIN and not re.search(rf"\b{re.escape(name)}\b", text):
            missing.append(name)
    return missing


CASES = functions()


@pytest.mark.parametrize("name", sorted(public_names()))
def test_a_public_name_says_what_it_is(name):
    text = inspect.getdoc(public_names()[name])
    assert text and len(text.splitlines()[0]) > 15, text


@pytest.mark.parametrize("name", CASES)
def test_its_docstring_names_every_parameter(name):
    function, text = CASES[name]
    assert text, "no docstring"
    assert not unnamed(function, text), text


def test_a_parameter_that_is_not_named_is_noticed():
    def wait(seconds, until=None):
        """Wait so many seconds."""

    assert unnamed(wait, inspect.getdoc(wait)) == ["until"]
