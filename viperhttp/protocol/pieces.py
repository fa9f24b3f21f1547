"""Heads of requests that do not come in one piece."""

from .badhead import check_size
from .http1 import parse_head


class HeadReader:
    """Collects the bytes of a head until it is complete. `config` has max_line, max_head and max_headers."""

    def __init__(self, config):
        self.config = config
        self.part = b""
        self.skipped = 0  # bytes of empty lines

    def feed(self, buf, off: int, end: int) -> int:
        """Take buf[off:end]; return the offset behind the head, with `head` set, or -1 when more is needed."""
        had = len(self.part)
        data = self.part + bytes(memoryview(buf)[off:end])
        skip = 0
        while data[skip : skip + 2] == b"\r\n":  # empty lines before a request are ignored (section 2.2)
            skip += 2
        if skip:
            data = data[skip:]
            self.skipped += skip
        # The end may straddle the pieces: look again at the last three bytes.
        at = data.find(b"\r\n\r\n", max(0, had - skip - 3))
        if at < 0:
            check_size(data, self.skipped, self.config, False)
            self.part = data
            return -1
        data = data[:at]
        check_size(data, self.skipped, self.config)
        self.part = b""
        self.skipped = 0
        self.head = parse_head(data, self.config)
        return off + at + 4 + skip - had
