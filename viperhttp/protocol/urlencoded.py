"""application/x-www-form-urlencoded bodies, field by field as their bytes come."""

from ..exceptions import ProtocolError
from .kernels import utf8
from .multipart import DATA, END, MORE, PART, PART_END, PartHead

_MAX_NAME = 256  # bytes of a field's name, decoded
_HEX = b"0123456789abcdef"
_AMPERSAND, _EQUALS, _PERCENT, _PLUS = 38, 61, 37, 43

_NAME, _VALUE = range(2)


class UrlencodedReader:
    """Like MultipartReader: feed() bytes, take() parts; each part is one field."""

    def __init__(self):
        self.data = b""
        self.ended = False
        self.state = _NAME
        self.name = bytearray()
        self.begun = False  # something of this field has come
        self.inside = False

    def feed(self, data) -> None:
        """The next bytes of the body."""
        self.data = self.data + bytes(data) if self.data else bytes(data)

    def close(self) -> None:
        """The body has ended: take() goes on to END."""
        self.ended = True

    def take(self) -> tuple:
        """(PART, PartHead), (DATA, bytes), (PART_END, None), (END, None), or (MORE, None).

        Raises ProtocolError 400 for a bad percent escape, or a name that is too long.
        """
        while True:
            if self.state == _VALUE:
                return self._value()
            out, stop = self._decode()
            self.name.extend(out)
            if out or stop >= 0:
                self.begun = self.begun or bool(out) or stop == _EQUALS
            if len(self.name) > _MAX_NAME:
                raise ProtocolError(400, "name of a form field longer than %d bytes" % _MAX_NAME)
            if stop < 0 and not self.ended:
                return MORE, None
            if self.begun:
                return self._part(stop)
            if stop < 0:
                return END, None  # "&&" and a final "&" are nothing

    def _part(self, stop: int) -> tuple:
        if utf8(self.name, 0, len(self.name), 0):
            raise ProtocolError(400, "name of a form field is not UTF-8")
        head = PartHead(str(self.name, "utf-8"))
        self.name = bytearray()
        self.begun = False
        self.inside = True
        self.state = _VALUE
        if stop != _EQUALS:
            self.data = b"&" + self.data  # a name without a value: its field ends here
        return PART, head

    def _value(self) -> tuple:
        out, stop = self._decode()
        if out:
            if stop >= 0:
                self.data = b"&" + self.data
            return DATA, bytes(out)
        if stop < 0 and not self.ended:
            return MORE, None
        self.state = _NAME
        self.inside = False
        return PART_END, None

    def _decode(self) -> tuple:
        # (decoded bytes up to the next separator, that separator or -1 when what is here has ended)
        data = self.data
        out = bytearray()
        i = 0
        n = len(data)
        while i < n:
            byte = data[i]
            if byte == _AMPERSAND or (byte == _EQUALS and self.state == _NAME):
                self.data = data[i + 1 :]
                return out, byte
            if byte == _PERCENT:
                if i + 3 > n:
                    break  # the rest of the escape comes with the next piece
                out.append(_digit(data[i + 1]) << 4 | _digit(data[i + 2]))
                i += 3
                continue
            out.append(32 if byte == _PLUS else byte)
            i += 1
        self.data = data[i:]
        if self.ended and self.data:
            raise ProtocolError(400, "bad percent escape in the form")
        return out, -1


def _digit(byte: int) -> int:
    at = _HEX.find(bytes((byte | 32 if byte > 64 else byte,)))
    if at < 0:
        raise ProtocolError(400, "bad percent escape in the form")
    return at
