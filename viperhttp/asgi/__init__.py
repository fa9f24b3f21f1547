"""CPython: the same application under an ASGI or RSGI server, and ASGI applications below a path of it.

A ViperHTTP object is itself such a callable: `uvicorn main:app`, `granian main:app`, Starlette's TestClient(app).
Requests come in by memory in place of a socket, and pass the parser, the limits and the deadlines that they pass on
a board: what an application does, it does under another server too.
"""

from .adapter import Adapter
from .mount import mount

__all__ = ("Adapter", "mount")
