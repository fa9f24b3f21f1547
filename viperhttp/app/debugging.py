"""debug=True: what a handler has raised reaches the event loop's exception handler too, where there is one."""

import asyncio

from ..config import MICROPYTHON


def tell_loop(where: str, error) -> None:
    """Call the handler of loop.set_exception_handler() with an exception that a WebSocket handler has raised."""
    loop = asyncio.get_event_loop() if MICROPYTHON else asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    if handler is not None:
        handler(loop, {"message": where, "exception": error, "future": None})
