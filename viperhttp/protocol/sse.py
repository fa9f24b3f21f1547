"""Server-sent events as bytes (WHATWG HTML, section 9.2)."""

import json

CONTENT_TYPE = "text/event-stream; charset=utf-8"
HEARTBEAT = b":\n\n"


def event(item, dumps=json.dumps) -> bytes:
    """One event.

    item   a dict with any of comment, event, id, retry (milliseconds), data; anything else is the data itself.
           data that is not text becomes JSON. Several lines of data become several data: lines. A dict with only
           a comment sends no data, so that no empty message fires in the page.
    dumps  what turns an object into JSON
    Raises ValueError when event or id holds a line break (it would forge fields), or id a NUL.
    """
    if not isinstance(item, dict):
        item = {"data": item}
    lines = []
    comment = item.get("comment")
    if comment is not None:
        for line in _lines(str(comment)):
            lines.append(": " + line)
    for field in ("event", "id", "retry"):
        value = item.get(field)
        if value is not None:
            lines.append("%s: %s" % (field, _one_line(field, value)))
    if "data" in item:
        for line in _lines(_text(item["data"], dumps)):
            lines.append("data: " + line)
    lines.append("\n")
    return "\n".join(lines).encode()


def _text(data, dumps) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, (bytes, bytearray)):
        return str(data, "utf-8")
    return dumps(data)


def _lines(text: str) -> list:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _one_line(field: str, value) -> str:
    text = str(int(value)) if field == "retry" else str(value)
    if "\n" in text or "\r" in text or (field == "id" and "\0" in text):
        raise ValueError("SSE %s must be one line: %r" % (field, value))
    return text
