"""ws.try_send(): sending without waiting, for callbacks and timers."""

from ..config import MICROPYTHON, const
from ..connection.ws import WsConnection
from ..protocol.frames import frame
from ..protocol.kernels import pack
from ..transport import LOST, TX

if MICROPYTHON:
    from ..transport.cork import CORK
    from .fast import _gathered, _write

_OPEN = const(1)  # connection.ws.OPEN
_SENT = const(1)  # transport.SENT
_str = str
_bytes = bytes
_len = len
_type = type


class TrySend(WsConnection):
    """Mixin of WebSocketBase. On MicroPython the frame of try_send is within 11 words: see fast.py."""

    def try_send(self, data, text: "bool | None" = None) -> int:
        """Send a str, or bytes-like data, without waiting: SENT (1, the system has it), QUEUED (0, it waits for a slow
        peer) or DROPPED (-2, the send queue is full and the message is gone). Raises as send_text does.

        text  True or False: `data` is bytes, a bytearray or a memoryview of bytes, which goes from where it is, as a
              text message (that it is UTF-8 is not looked at) or a binary one. By default a str is text, else binary
        """
        if MICROPYTHON and self.out is None and self.phase == _OPEN:
            kind = _type(data)
            n = _len(data)
            if n + 4 <= _len(TX) and (kind is _str or kind is _bytes or text is not None):
                n = pack(TX, 0x181 if kind is _str else 0x81 if text else 0x82, data, n)
                if n:
                    data = _write(self.sock, n)
                    return _SENT if data == n else self._not_all(n, data)
        elif MICROPYTHON and self.out is CORK and self.phase == _OPEN and _type(data) is _str:
            if _gathered(CORK, data):
                return _SENT
        return self._try_any(data, text)

    def _not_all(self, n: int, sent) -> int:
        if sent == -1:
            self.lost_in_put()  # MicroPython
            raise self.ended_error()
        return self.put_rest(n - (sent or 0))  # MicroPython

    def _try_any(self, data, text) -> int:
        if self.phase != _OPEN:
            self.need_open()
        if isinstance(data, str):
            kind = 0x181
        else:
            kind = 0x81 if text else 0x82
            if text is None and type(data) is not bytes:
                data = bytes(memoryview(data))
        if self.out is None and not self.blocked:
            result = self._emit(kind, data, len(data))
        else:
            result = self.push(frame(kind & 0xFF, data.encode() if kind == 0x181 else data))
        if result == LOST:
            raise self.ended_error()
        return result
