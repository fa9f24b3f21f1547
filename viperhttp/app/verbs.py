"""Decorators for the less common kinds of routes."""


class Verbs:
    """Mixin of Routes."""

    def post(self, path: str, **options):
        """Decorator: POST at `path`; see route()."""
        return self.route(path, ("POST",), **options)

    def put(self, path: str, **options):
        """Decorator: PUT at `path`; see route()."""
        return self.route(path, ("PUT",), **options)

    def patch(self, path: str, **options):
        """Decorator: PATCH at `path`; see route()."""
        return self.route(path, ("PATCH",), **options)

    def delete(self, path: str, **options):
        """Decorator: DELETE at `path`; see route()."""
        return self.route(path, ("DELETE",), **options)

    def options(self, path: str, **options):
        """Decorator: OPTIONS at `path`; see route()."""
        return self.route(path, ("OPTIONS",), **options)

    def head(self, path: str, **options):
        """Decorator: HEAD at `path`; see route()."""
        return self.route(path, ("HEAD",), **options)

    def websocket_route(self, path: str, **options):
        """Decorator: websocket() with auto_accept=True and receive_type="text", as Bocadillo has it.

        A second close() of the application raises RuntimeError here.
        """
        for key, value in (("auto_accept", True), ("receive_type", "text"), ("strict_close", True)):
            options.setdefault(key, value)
        if "value_type" not in options:
            options.setdefault("send_type", "text")
        return self.websocket(path, **options)

    def stream(
        self,
        path: str,
        room=None,
        on_message=None,
        authorize=None,
        manager=None,
        heartbeat: float = 15,
        retry: "int | None" = 2000,
        allowed_origins=None,
    ):
        """Serve rooms at `path`, over WebSocket and server-sent events (rooms/PROTOCOL.md). Returns the Stream.

        room         a Room of ConnectionManager.room(), or a list of them: every client joins them all, unless it
                     names some (?rooms=a,b). A path with {room} joins that room
        on_message   function(member, room, data), async or not, for what a client sends; default: nothing is taken
        authorize    function(member, room, action), async or not: whether a client may "join" or "publish"; with it
                     clients may also join rooms that are not in `room`, and without on_message they publish
        manager      the ConnectionManager; default that of the rooms
        heartbeat    seconds between signs of life on a silent event stream, and between a client's pings
        retry        milliseconds after which a browser's EventSource reconnects
        allowed_origins   as in websocket(); for all three: the socket, the event stream and its POST
        """
        from ..rooms.stream import Stream

        return Stream(self, path, room, on_message, authorize, manager, heartbeat, retry, allowed_origins)
