"""MicroPython: JSON's \\ud83d\\udc0d for a character beyond U+FFFF, which its json.loads() takes for two characters.

What it makes of them is no UTF-8, and a client that got it back would have to fail the connection (RFC 6455 section
8.1). Python's json.dumps() and others write such escapes.
"""


def joined(text):
    """JSON, str or UTF-8 bytes, with each pair of escaped surrogates as the character itself, a lone one as U+FFFD."""
    if not isinstance(text, str):
        text = str(text, "utf-8")
    pieces = []
    start = at = 0
    while True:
        at = text.find("\\", at)
        if at < 0:
            break
        code = _unit(text, at)
        if code is None:
            at += 2  # whatever is escaped here, a backslash too
            continue
        end = at + 6
        low = _unit(text, end) if code < 0xDC00 else None
        if low is not None and low >= 0xDC00:
            code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
            end += 6
        else:
            code = 0xFFFD
        pieces.append(text[start:at])
        pieces.append(chr(code))
        start = at = end
    pieces.append(text[start:])
    return "".join(pieces)


def _unit(text: str, at: int) -> "int | None":
    # The surrogate that is escaped here.
    if text[at : at + 3] not in ("\\ud", "\\uD"):
        return None
    try:
        code = int(text[at + 2 : at + 6], 16)
    except ValueError:
        return None
    return code if code >= 0xD800 else None
