"""Unpacks a tar stream into a folder, piece by piece as it arrives: POSIX ustar, files and folders only."""

import os

_BLOCK = 512
_FILES = 200  # of one application


class Unpacker:
    """feed() it the stream in pieces of any size, then end().

    folder   where it goes; it exists
    files    counter: files so far
    size     counter: their bytes

    Holds one header block (512 bytes) and no content. ValueError says what is wrong with the stream.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self.files = 0
        self.size = 0
        self.header = bytearray(_BLOCK)
        self.have = 0  # bytes of the header
        self.left = 0  # bytes of the file's content to come
        self.padding = 0  # and of what fills its last block
        self.file = None
        self.zeros = 0  # blocks of zeros: two are the end

    def feed(self, data) -> None:
        """Take the next bytes."""
        data = memoryview(data)
        while len(data):
            if self.left:
                n = min(self.left, len(data))
                self.file.write(data[:n])
                self.left -= n
                if not self.left:
                    self.file.close()
                    self.file = None
            elif self.padding:
                n = min(self.padding, len(data))
                self.padding -= n
            else:
                n = min(_BLOCK - self.have, len(data))
                self.header[self.have : self.have + n] = data[:n]
                self.have += n
                if self.have == _BLOCK:
                    self.have = 0
                    self._entry()
            data = data[n:]

    def end(self) -> None:
        """The stream is over: ValueError when it is not complete."""
        if self.zeros < 2:
            raise ValueError("the archive is cut off")

    def abort(self) -> None:
        """Close what is open."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def _entry(self) -> None:
        header = self.header
        if not any(header):
            self.zeros += 1
            return
        if self.zeros:
            raise ValueError("there is something behind the end of the archive")
        # The checksum counts its own field as spaces.
        if sum(header) - sum(header[148:156]) + 256 != _octal(header, 148, 8):
            raise ValueError("it is no tar archive, or a damaged one")
        kind = header[156:157]
        name = _text(header, 345, 155)
        name = (name + "/" if name else "") + _text(header, 0, 100)
        size = _octal(header, 124, 12)
        path = self.folder + "/" + _checked(name)
        if kind == b"5":
            _make_folders(path + "/")
        elif kind in (b"0", b"\x00"):
            self._open(path, size)
        else:
            raise ValueError("%s is neither a file nor a folder" % name)

    def _open(self, path: str, size: int) -> None:
        self.files += 1
        if self.files > _FILES:
            raise ValueError("more than %d files" % _FILES)
        self.size += size
        _make_folders(path)
        self.file = open(path, "wb")
        self.left = size
        self.padding = -size % _BLOCK
        if not size:
            self.file.close()
            self.file = None


def _checked(name: str) -> str:
    name = name.rstrip("/")
    if name.startswith("./"):
        name = name[2:]
    for part in name.split("/"):
        if part in ("", ".", "..") or "\\" in part:
            raise ValueError("the name %r leads out of the folder" % name)
    return name


def _make_folders(path: str) -> None:
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass  # it is there; where it cannot be made, open() says so
        at = path.find("/", at + 1)


def _text(header, start: int, size: int) -> str:
    data = bytes(header[start : start + size])
    end = data.find(b"\x00")
    return str(data[:end] if end >= 0 else data, "utf-8")


def _octal(header, start: int, size: int) -> int:
    text = _text(header, start, size).strip()
    try:
        return int(text, 8) if text else 0
    except ValueError:
        raise ValueError("it is no tar archive, or a damaged one")
