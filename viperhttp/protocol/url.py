"""Percent-decoding, paths and query strings (RFC 3986), always after splitting."""

from .kernels import utf8


def unquote(text: str, plus: bool = False) -> str:
    """Decode %XX in `text` (and "+" to a space with `plus`). ValueError: bad escape, or not UTF-8."""
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    parts = text.split("%")
    out = bytearray(parts[0].encode())
    for part in parts[1:]:
        if len(part) < 2:
            raise ValueError("bad percent escape")
        out.append(_hex(part[0]) << 4 | _hex(part[1]))
        out.extend(part[2:].encode())
    if utf8(out, 0, len(out), 0):
        raise ValueError("percent escapes are not UTF-8")
    return str(out, "utf-8")


def _hex(char: str) -> int:
    at = "0123456789abcdef".find(char.lower())
    if at < 0:
        raise ValueError("bad percent escape")
    return at


def parse_query(text: str) -> dict:
    """A dict of the fields of a query string or urlencoded form; the last of equal names wins."""
    fields = {}
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            fields[unquote(name, True)] = unquote(value, True)
    return fields
