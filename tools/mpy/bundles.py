"""Which modules of the package become one on a board: what every server loads, and what is loaded together later."""

from __future__ import annotations

CORE = "_core"
# The modules that a server has loaded from .mpy files once it has answered a GET, below viperhttp (a test holds that
# these are they). Not among them: the package itself, empty packages, what is chosen on the board.
MEMBERS = (
    "app.application",
    "app.dispatch",
    "app.endpoints",
    "app.jsontext",
    "app.routes",
    "app.running",
    "app.serving",
    "cold",
    "config",
    "connection.http",
    "connection.server",
    "exceptions",
    "log",
    "protocol.http1",
    "protocol.kernels",
    "protocol.setting",
    "transport",
    "transport.buffers",
    "transport.channel",
    "transport.clock",
    "transport.hub",
    "transport.interrupt",
    "transport.outbox",
    "transport.waitfor",
)
# Loaded too, and files of their own: machine code, and its twin for boards that take none -> their place beside the
# bundle, so that no package is loaded for their sake.
APART = {
    "protocol._pure": "_pure",
    "protocol._viper": "_viper",
    "endpoints._pure": "_pure_fan",
    "endpoints._viper": "_viper_fan",
}
# What is loaded together once one of it is: a bundle each. One may import at its top from those in front of it only.
# Some have one member: beside the bundle it needs no package, of 300 bytes, and its constants are in its code.
JOINED = {
    # And once it has echoed a message.
    "_websocket": (
        "app.upgrading",
        "connection.sender",
        "connection.ws",
        "endpoints.fast",
        "endpoints.websocket",
        "protocol.frames",
        "protocol.handshake",
        "transport.cork",
    ),
    "_start": ("connection.start",),
    "_binding": ("transport.binding",),
    "_plain": ("transport.streams", "transport.plain", "endpoints.plain"),
    "_starting": ("app.starting",),
    "_routing": ("app.routing",),
    "_registering": ("app.registering",),
    "_verbs": ("app.verbs",),
    "_messages": ("endpoints.messages",),
    "_assembly": ("protocol.assembly",),
    "_wsparts": ("connection.wsparts",),
    "_response": ("protocol.phrases", "protocol.response"),
    "_wsends": ("connection.wsends",),
    "_asking": ("app.asking",),
    "_headers": ("endpoints.headers", "endpoints.info"),
    "_answers": (
        "app.answers",
        "connection.replies",
        "endpoints.request",
        "endpoints.requestinfo",
        "endpoints.responses",
    ),
    "_finding": ("app.finding", "protocol.url"),
    "_mounts": ("app.mounts",),
    "_static": ("endpoints.static",),
    "_streams": ("connection.streams",),
    "_sse": ("protocol.sse",),
    "_streaming": ("endpoints.streaming",),
    "_badshake": ("protocol.badshake",),
    "_opening": ("endpoints.opening",),
    "_rare": ("endpoints.rare",),
    "_rooms": ("endpoints.fan", "rooms.group", "rooms.manager", "rooms.outside"),
    "_room": ("rooms.message", "rooms.room", "transport.fresh"),
    "_history": ("rooms.behind", "rooms.history"),
    "_stream": ("rooms.stream",),
    "_eventstream": ("rooms.eventstream", "rooms.ssemember"),
    "_device": ("device.errors", "device.program", "device.settings", "device.slots", "device.wifi"),
    "_reasons": ("device.reasons",),
    "_health": ("device.health", "device.lag", "device.lag_board"),
}
# Words of an application -> the groups that are one in this case, as it loads all of them.
ALIKE = (
    (
        ("ConnectionManager", "stream"),
        ("_streams", "_sse", "_badshake", "_opening", "_rooms", "_room", "_history", "_stream"),
    ),
    (("current_request",), ("_response", "_asking", "_headers", "_answers")),
    (("mount",), ("_finding", "_mounts", "_static")),
)


# With one of these words in it an application serves a WebSocket: to the core what that needs. 800 bytes less.
SERVES_WEBSOCKETS = {"websocket", "websocket_route", "stream"}


def chosen(words=None) -> dict[str, tuple[str, ...]]:
    """{bundle: modules} for an application with these words, None: for any. Each imports from those before it."""
    groups = dict(JOINED)
    core = MEMBERS
    if words is not None and words & SERVES_WEBSOCKETS:
        core += groups.pop("_websocket")
    for needed, names in ALIKE:
        if words is not None and words.issuperset(needed):
            members = tuple(member for name in names for member in groups[name])
            # In the place of the last, so that all that it imports from is in front of it.
            groups[names[-1]] = members
            for name in names[:-1]:
                del groups[name]
    return {CORE: core, **groups}
