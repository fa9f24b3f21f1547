"""multipart/form-data (RFC 7578, RFC 2046) cut into parts as its bytes come, never holding more than a piece."""

from ..exceptions import ProtocolError
from .http1 import latin1
from .kernels import utf8

# What take() returns first.
MORE, PART, DATA, PART_END, END = range(5)

_MAX_HEAD = 1024  # bytes of one part's headers
_MAX_BOUNDARY = 70  # RFC 2046 section 5.1.1
_MAX_PADDING = 64  # blanks behind a boundary

_PREAMBLE, _HEAD, _DATA, _AFTER, _EPILOGUE = range(5)


class PartHead:
    """What stands before a part's data.

    name          of the form field
    filename      of a file, without folders; None for a field that is no file
    content_type  as sent, "text/plain" when it was not (RFC 7578 section 4.4)
    """

    def __init__(self, name: str, filename: "str | None" = None, content_type: str = "text/plain"):
        self.name = name
        self.filename = filename
        self.content_type = content_type


class MultipartReader:
    """Give it bytes by feed(), and take() what they hold until it returns MORE."""

    def __init__(self, boundary: str):
        if not boundary or len(boundary) > _MAX_BOUNDARY:
            raise ProtocolError(400, "multipart boundary of %d characters" % len(boundary))
        self.mark = b"\r\n--" + boundary.encode()
        # A boundary may stand at the very beginning, or right behind the headers of a part: a line end of our own
        # goes before it, `lead` bytes that are not data.
        self.data = b"\r\n"
        self.lead = 2
        self.state = _PREAMBLE
        self.inside = False  # between PART and PART_END

    def feed(self, data) -> None:
        """The next bytes of the body."""
        self.data = self.data + bytes(data) if self.data else bytes(data)

    def take(self) -> tuple:
        """(PART, PartHead), (DATA, bytes), (PART_END, None), (END, None), or (MORE, None): feed() first.

        Raises ProtocolError 400 when the body is malformed.
        """
        if self.state == _PREAMBLE or self.state == _DATA:
            found = self._data()
            if found is not None:
                return found
        if self.state == _AFTER:
            if not self._after():
                return MORE, None
            if self.inside:
                self.inside = False
                return PART_END, None
        if self.state == _HEAD:
            return self._head()
        if self.state == _EPILOGUE:
            self.data = b""  # RFC 2046 section 5.1.1: it is ignored
            return END, None
        return MORE, None

    def close(self) -> None:
        """The body has ended. ProtocolError 400 when the final boundary has not come."""
        if self.state != _EPILOGUE:
            raise ProtocolError(400, "the form ends without its final boundary")

    def _data(self):
        at = self.data.find(self.mark)
        if at < 0:
            # The end of what is here may be the beginning of a boundary, which has no other CR.
            n = len(self.data)
            tail = self.data.rfind(b"\r", max(0, n - len(self.mark) + 1))
            if tail >= 0 and self.mark[: n - tail] == self.data[tail:]:
                n = tail
            return self._piece(n, n) or (MORE, None)
        piece = self._piece(at, at + len(self.mark))
        self.state = _AFTER
        return piece

    def _piece(self, n: int, behind: int):
        piece = self.data[self.lead : n]
        self.data = self.data[behind:]
        if n or behind:
            self.lead = 0
        return (DATA, piece) if piece and self.state == _DATA else None

    def _after(self) -> bool:
        # Behind a boundary: "--" ends the form, a line end begins the next part; blanks may stand before it.
        data = self.data
        if data[:2] == b"--":
            self.state = _EPILOGUE
            return True
        rest = data.lstrip(b" \t")
        if rest[:2] == b"\r\n":
            # This line end may be the one before the empty line that ends the headers.
            self.data = rest
            self.state = _HEAD
            return True
        if rest not in (b"", b"\r", b"-") or len(data) > _MAX_PADDING or (rest == b"-" and len(data) > 1):
            raise ProtocolError(400, "malformed boundary line in the form")
        return False

    def _head(self) -> tuple:
        end = self.data.find(b"\r\n\r\n")
        if end < 0 and len(self.data) <= _MAX_HEAD:
            return MORE, None
        if end < 0 or end > _MAX_HEAD:
            raise ProtocolError(400, "headers of a form part longer than %d bytes" % _MAX_HEAD)
        head = parse_part_head(self.data[2:end])
        self.data = self.data[end + 2 :]
        self.lead = 2
        self.state = _DATA
        self.inside = True
        return PART, head


def parse_part_head(block: bytes) -> PartHead:
    """The headers of a part. ProtocolError 400 without a form-data disposition and a name (RFC 7578 section 4.2)."""
    disposition = None
    content_type = "text/plain"
    for line in block.split(b"\r\n"):
        name, _, value = line.partition(b":")
        key = name.strip().lower()
        if key == b"content-disposition":
            disposition = value.strip()
        elif key == b"content-type":
            content_type = latin1(value.strip())
    fields = parameters(disposition or b"")
    if fields[""].lower() != "form-data" or "name" not in fields:
        raise ProtocolError(400, "form part without Content-Disposition: form-data and a name")
    filename = fields.get("filename")
    if filename is not None:
        filename = base_name(filename)
    return PartHead(fields["name"], filename, content_type)


def parameters(value: bytes) -> dict:
    """What stands before the first ";" as "", and each parameter behind it; quotes are taken off.

    A backslash only escapes a quote: some browsers send file names with folders. Text is UTF-8 (RFC 7578 section 5.1).
    """
    first, _, rest = value.partition(b";")
    found = {"": _text(first.strip())}
    while rest:
        key, _, rest = rest.partition(b"=")
        name = _text(key.strip()).lower()
        rest = rest.lstrip(b" \t")
        if rest[:1] == b'"':
            end = 1
            while end < len(rest) and rest[end : end + 1] != b'"':
                end += 2 if rest[end : end + 2] == b'\\"' else 1
            text = rest[1:end].replace(b'\\"', b'"')
            _, _, rest = rest[end + 1 :].partition(b";")
        else:
            text, _, rest = rest.partition(b";")
            text = text.strip()
        if name and name not in found:
            found[name] = _text(text)
    return found


def base_name(filename: str) -> str:
    """A file name without folders and characters that no file system wants; "" when nothing is left."""
    name = filename.replace("\\", "/").split("/")[-1]
    name = "".join([char for char in name if " " <= char != "\x7f" and char != ":"]).strip()
    return "" if name in (".", "..") else name


def _text(data: bytes) -> str:
    return latin1(data) if utf8(data, 0, len(data), 0) else str(data, "utf-8")
