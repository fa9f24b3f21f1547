"""Set-Cookie headers (RFC 6265 section 4.1): what may stand in one, and nothing else."""

from ..protocol.http1 import TOKEN

_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
_UNSAFE = b'",;\\'


def set_cookie(
    name: str,
    value: str = "",
    max_age: "int | None" = None,
    expires: "str | None" = None,
    path: "str | None" = "/",
    domain: "str | None" = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: "str | None" = "lax",
) -> str:
    """The value of a Set-Cookie header.

    value     visible ASCII without blanks, quotes, commas, semicolons and backslashes
    max_age   seconds the client keeps it; 0 deletes it; None: until the browser ends
    expires   an HTTP date, for clients that know no Max-Age; usually left out
    path      and domain: where the client sends it
    secure    over HTTPS only
    httponly  out of reach of the page's scripts
    samesite  "lax" (default), "strict", "none" (which browsers take with secure=True only), or None to say nothing
    Raises ValueError for a name, value or attribute that may not stand in a cookie.
    """
    if not name or name.encode().strip(TOKEN):
        raise ValueError("cookie name %r is not a token" % (name,))
    for char in value.encode():
        if not 0x20 < char < 0x7F or char in _UNSAFE:
            raise ValueError("cookie %s: %r may not stand in a value; encode it, in base64 or %%XX" % (name, chr(char)))
    parts = [name + "=" + value]
    for key, text in (("Path", path), ("Domain", domain), ("Expires", expires)):
        if text is not None:
            parts.append(key + "=" + _attribute(name, text))
    if max_age is not None:
        parts.append("Max-Age=%d" % max_age)
    if secure:
        parts.append("Secure")
    if httponly:
        parts.append("HttpOnly")
    if samesite is not None:
        site = _SAME_SITE.get(samesite.lower())
        if site is None:
            raise ValueError("cookie %s: samesite %r is not lax, strict or none" % (name, samesite))
        if site == "None" and not secure:
            raise ValueError("cookie %s: browsers refuse samesite='none' without secure=True" % name)
        parts.append("SameSite=" + site)
    return "; ".join(parts)


def _attribute(name: str, text: str) -> str:
    for char in text.encode():
        if not 0x20 <= char < 0x7F or char == 0x3B:
            raise ValueError("cookie %s: %r may not stand in an attribute" % (name, chr(char)))
    return text
