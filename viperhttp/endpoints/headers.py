"""Request headers as an immutable, case-insensitive mapping over the bytes that came."""

from ..protocol.http1 import latin1


class Headers:
    """Headers of a request. Of equal names the first counts; all(name) has every one.

    dropped  names (bytes, space-separated) that were forgotten to save RAM: asking for one is a RuntimeError
    """

    def __init__(self, head, dropped: str = ""):
        self._head = head
        self._dropped = dropped

    def get(self, name: str, default=None):
        """The value of header `name`, or `default`."""
        name = name.lower()
        value = self._head.get(name)
        if value is None:
            if self._dropped and name in self._dropped.split(" "):
                raise RuntimeError(
                    "header %r is forgotten after the WebSocket handshake to save RAM; read it before the first"
                    " receive or sleep, or keep it with config={'drop_headers': ''}" % name
                )
            return default
        return value

    def all(self, name: str) -> list:
        """Every value of header `name`, in order."""
        return self._head.all(name.lower())

    def items(self) -> list:
        """(name, value) pairs, names in lower case."""
        pairs = []
        for line in self._head.block.split(b"\r\n"):
            if line:
                at = line.find(b":")
                pairs.append((latin1(line[:at]).lower(), latin1(line[at + 1 :].strip(b" \t"))))
        return pairs

    def keys(self) -> list:
        """The names, in lower case."""
        return [name for name, _ in self.items()]

    def values(self) -> list:
        """The values."""
        return [value for _, value in self.items()]

    def __getitem__(self, name: str):
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name) -> bool:
        return self.get(name) is not None

    def __iter__(self):
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.items())

    def __repr__(self) -> str:
        return "Headers(%r)" % self.items()
