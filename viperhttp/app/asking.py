"""current_request(): what is being handled, for those who were not given it."""

from ..transport import Channel
from . import dispatch


def current_request():
    """The Request whose handler is running; in a WebSocket handler, the WebSocket. LookupError elsewhere.

    On CPython also in tasks that the handler makes. On MicroPython these know no handler: call it before, and pass on.
    """
    channel = dispatch.calling or Channel.current()
    if channel is None:
        raise LookupError(
            "no request is being handled here; call current_request() in the handler, and pass what it returns to a"
            " task that the handler makes (on MicroPython create_task, gather and wait_for make one that has none)"
        )
    return channel if channel.kind == "ws" else channel.request  # type: ignore[union-attr]
