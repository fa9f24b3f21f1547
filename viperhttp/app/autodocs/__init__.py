"""The documents of the running API: /openapi.json, /asyncapi.json and the page /docs. Loaded by a request for one."""

from ...endpoints.streaming import StreamingResponse

_PIECE = 512  # characters sent at a time


def answer(app, request):
    """The Response for a request whose path is one of the three."""
    path = request.head.path
    # The page does not know where the document is; "?openapi" behind its own address always gives it.
    if path == app.docs_url and request.head.query != "openapi":
        from .page import page

        return page(request)
    if path in (app.openapi_url, app.docs_url):
        from .openapi import pieces
    else:
        from .asyncapi import pieces
    return StreamingResponse(
        _gathered(pieces(app, request)), "application/json", headers={"Cache-Control": "no-store"}
    )


def _gathered(pieces):
    # A chunk and a segment for every comma would cost more than the document.
    held = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held)
            held = []
            size = 0
    if held:
        yield "".join(held)
