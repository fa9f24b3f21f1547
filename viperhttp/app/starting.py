"""The start of an application: the checks and additions that come after all routes are known.

A board lets go of this module when it begins to serve.
"""

import sys

from ..cold import FROM_SOURCE, load, unload
from ..config import MICROPYTHON
from .routes import WEBSOCKET


class Starting:
    """Mixin of ViperHTTP."""

    def about_to_run(self, host: str, port: int, quiet: bool, config: dict) -> None:
        """Take over what run() was called with: config, and host, port and (not) quiet for the line that it prints."""
        try:
            self.config.update(config)
        except TypeError:
            from .foreign import without

            self.config.update(without(config))
        if not MICROPYTHON:
            from .hosted import need_no_loop

            need_no_loop()
        if not quiet:
            shown = "127.0.0.1" if host == "0.0.0.0" else host
            self._ready_line = "viperhttp serves http://%s:%d/  (Ctrl-C stops it)" % (shown, port)

    def prepare(self) -> None:
        """Load what serving needs, in the place of what only registering needed."""
        depends = sys.modules.get("viperhttp.app.depends")
        lost = depends.unbound() if depends is not None else None
        if lost:
            raise RuntimeError(
                "Depends(%s) is bound to no route. Left in a default argument it would be ignored on a board, and skip"
                " what it guards: write it in the decorator, as deps={'name': Depends(...)}"
                % getattr(lost[0].function, "__name__", lost[0].function)
            )
        unload()  # before what serving needs is loaded: that then has the room
        if self.dispatcher is not None:
            return
        self.begin()
        if MICROPYTHON:
            _load_for_later(self)


def _load_for_later(app) -> None:
    # A method of the mixin would load that again.
    found = list(app.paths.values()) + [methods for _, methods in app.patterns]
    endpoints = [(kind, one) for methods in found for kind, one in methods.items()]
    if app.patterns:
        app.find_route  # noqa: B018  # loads it
    sockets = [1 for kind, _ in endpoints if kind == WEBSOCKET]
    if sockets:
        app.dispatcher.upgrade  # noqa: B018  # loads what WebSockets need
    if not FROM_SOURCE:
        return
    if [1 for _, one in endpoints if one.docs and one.docs.get("stream_body")]:
        # An upload takes all the memory that there is: nothing is to be missing then.
        from ..connection.http import HttpConnection
        from ..endpoints import forms  # noqa: F401  # loading it is all
        from ..endpoints.request import Request

        for mixin in HttpConnection._cold:
            load(HttpConnection, mixin)
        load(Request, Request._cold[0])  # it tells the form's type
    if sockets:
        from ..endpoints.websocket import WebSocket

        for mixin in WebSocket._cold[:3]:
            load(WebSocket, mixin)
    if len(sockets) < len(endpoints):
        app.dispatcher.answer  # noqa: B018
