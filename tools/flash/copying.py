"""Copies a program to a board so that an interruption leaves the old one as it was.

What has changed goes to one staging file, since each file of its own would take a block of 4 kB. When all of it is
there and checked, the list of what goes where is written, and from then on boards/common/boot.py finishes the work, at
once or at the next start. A board that has nothing yet gets it in several rounds, the start files in the last.
"""

import base64
import bisect
import hashlib
import itertools
import pathlib
import sys
import time

from link import FlashError, Gone
from mpremote.transport import TransportError, TransportExecError

HERE = pathlib.Path(__file__).resolve().parent
ON_BOARD = (HERE.parent.parent / "boards" / "common" / "boot.py", HERE / "on_board.py")
STAGE = "/flash_new"  # as in boards/common/boot.py
LIST = "/flash_list.txt"  # what `make flash` has put there, for erase-app and for what is not needed any more
MARKER = b"# Written by `make flash`"
START_FILES = ("/boot.py", "/main.py")  # those of others are kept as boot_before.py, main_before.py
PIECE = 1536  # bytes sent at a time: 2 kB of base64, which a heap of 37 kB can still take
ASKED = 24  # paths asked about at a time
SPARE = 8192  # bytes of the file system to leave free
# In littlefs: bytes of a block that are its own, of a file that is kept in its folder; blocks of a folder
BLOCK_USED, INLINE, FOLDER_BLOCKS = 8, 128, 2
ROUND = 48 * 1024
COMMIT_SECONDS = 60  # for putting everything in its place: erasing and writing flash
BAR = 28
FULL = ("the board's file system is full; it starts as before. `make erase-app` removes the program on it first"
        " (settings stay); or remove files of your own: mpremote fs ls")


def digest(data):
    """First 16 digits of the SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


class Copier:
    """Copies to one board.

    link  raw REPL of a board whose program has been stopped
    show  function(text) for the progress line
    """

    def __init__(self, link, show=None):
        self.link = link
        self.show = show or (lambda text: None)
        for path in ON_BOARD:
            link.run(path.read_text(encoding="utf-8"))

    # ---- what is there -----------------------------------------------------

    def digests(self, paths):
        """{path: digest, or "" where there is no such file}."""
        paths = list(paths)
        return dict(zip(paths, self._asked("digest", paths), strict=True))

    def _asked(self, function, paths):
        """[function(path) on the board for each path]."""
        found = []
        for at in range(0, len(paths), ASKED):
            found += self.link.ask(f"[{function}(p) for p in {paths[at:at + ASKED]!r}]")
        return found

    def read(self, path, most=1 << 20):
        """A file's bytes, b"" where there is none."""
        data = b""
        try:
            while len(data) < most:
                piece = base64.b64decode(self.link.run(f"print(get({path!r}, {len(data)}, {PIECE}))"))
                if not piece:
                    break
                data += piece
        except TransportExecError as error:
            if "OSError" not in error.error_output:
                raise
        return data

    def installed(self):
        """The paths that an earlier run has put there."""
        return [line for line in self.read(LIST).decode().split("\n") if line]

    # ---- copying -----------------------------------------------------------

    def install(self, files, settings=()):
        """Make the board have these files and no others of an earlier run; returns (copied, kept, removed) counts.

        files     {path: bytes}; LIST, the list of them, goes with them
        settings  paths in `files` that belong to the user: erase-app leaves them
        """
        before = self.installed()
        files = dict(files)
        owned = [path for path in files if path not in settings]
        files[LIST] = "\n".join(owned).encode()
        there = self.digests(files)
        changed = {path: data for path, data in files.items() if there[path] != digest(data)}
        stale = [path for path in before if path not in files]
        rounds = self._rounds(changed, stale, bool(before))
        total = sum(map(len, changed.values()))
        self._began, self._sent, self._total = time.monotonic(), 0, total
        for number, some in enumerate(rounds):
            last = number == len(rounds) - 1
            self._stage(some)
            self._check_room(some, stale if last else [])
            self._commit(some, stale if last else [], before)
        return len(changed), len(files) - len(changed), len(stale)

    def _rounds(self, changed, stale, is_update):
        """The files in the order in which they go there. FlashError where they do not fit."""
        block, free = self.link.ask("room()")
        left = self.link.ask(f"os.stat('{STAGE}/pack')[6] if {STAGE[1:]!r} in os.listdir('/') and 'pack' in"
                             f" os.listdir({STAGE!r}) else 0")
        rounds = [changed] if is_update else list(pieces(changed))
        pack = max((sum(map(len, one.values())) for one in rounds), default=0)
        needed = pack + SPARE + block * self._blocks(changed, stale, block)
        if needed <= free + left:
            return rounds
        raise FlashError(
            f"not enough space on the board: {needed // 1024} kB are needed"
            + (" beside the old program" if is_update else "") + f", {free // 1024} kB are free. "
            + ("`make erase-app` removes the old program first (settings stay); or remove" if is_update else "Remove")
            + " files of your own: mpremote fs ls")

    def _blocks(self, changed, stale, block):
        """The most blocks that are taken at a time, beside the staging file, while these are put in their place."""
        paths = [*stale, *changed]
        before = dict(zip(paths, self._asked("size", paths), strict=True))
        above = sorted({str(folder) for path in changed for folder in pathlib.PurePosixPath(path).parents})
        taken = FOLDER_BLOCKS * sum(size < 0 for size in self._asked("size", above))
        most = taken = taken - sum(blocks_of(before[path], block) for path in stale)
        for path, data in changed.items():
            taken += blocks_of(len(data), block)  # beside the old one, which goes then
            most = max(most, taken)
            taken -= blocks_of(before[path], block)
        return most

    def _stage(self, files):
        """Make the staging file hold these files, one after the other; what an earlier run has sent of it is used."""
        pack = b"".join(files.values())
        place = f"{STAGE}/pack"
        self.link.run(f"try:\n os.mkdir({STAGE!r})\nexcept OSError: pass")
        sent = self.link.ask(f"os.stat({place!r})[6] if 'pack' in os.listdir({STAGE!r}) else 0")
        if sent > len(pack) or self.digests([place])[place] != digest(pack[:sent]):
            sent = 0
        names = list(files)
        ends = list(itertools.accumulate(map(len, files.values())))
        while True:
            number = bisect.bisect_right(ends, sent)
            self._show(sent, number, len(names))
            if sent == len(pack):
                break
            self._write(place, pack[sent:sent + PIECE], "ab" if sent else "wb", names[number])
            sent += PIECE if sent + PIECE < len(pack) else len(pack) - sent
        self._sent += len(pack)
        if pack and self.digests([place])[place] != digest(pack):
            self._give_up()
            raise FlashError("what arrived is not what was sent: try again, with another cable or port if it goes on")

    def _check_room(self, files, stale):
        """FlashError, and nothing has changed, where what has arrived cannot be put in its place."""
        block, free = self.link.ask("room()")
        if block * self._blocks(files, stale, block) > free:
            self._give_up()
            raise FlashError(FULL)

    def _show(self, sent, number, count):
        self.show(progress(self._sent + sent, self._total, number, count, time.monotonic() - self._began))

    def _write(self, place, piece, mode, path):
        try:
            self.link.run(f"put({place!r}, {base64.b64encode(piece).decode()!r}, {mode!r})")
        except TransportExecError as error:
            raise self._explained(error, path) from None

    def _explained(self, error, path):
        text = error.error_output
        if "ENOSPC" in text or "Errno 28" in text or "OSError: 28" in text:
            self._give_up()
            return FlashError(FULL)
        if "MemoryError" in text:
            return FlashError(f"the board has no memory to take {path}: reset it and try again")
        return FlashError(f"the board could not write {path}: {text.strip().splitlines()[-1]}")

    def _give_up(self):
        try:
            self.link.run("clear()")
        except (TransportExecError, Gone):
            pass  # what is left is used by the next try

    def _commit(self, changed, stale, before):
        lines = [f"- 0 {path}" for path in stale]  # first: it makes room
        lines += [f"= 0 {path}" for path in START_FILES if path in changed and self._is_foreign(path, before)]
        offset = 0
        for path, data in changed.items():
            lines.append(f"{offset} {len(data)} {path}")
            offset += len(data)
        text = base64.b64encode("\n".join(lines).encode()).decode()
        # By a rename: it is there whole, or not at all.
        self.link.run(f"put('{STAGE}/list', '', 'wb')")
        for at in range(0, len(text), 2048):
            self.link.run(f"put('{STAGE}/list', {text[at:at + 2048]!r}, 'ab')")
        self.link.run(f"os.rename('{STAGE}/list', '{STAGE}/commit')")
        try:
            self.link.exec_raw_no_follow("finish()")
            _, trouble = self.link.follow(COMMIT_SECONDS)
        except TransportError as error:
            raise Gone(f"the board does not answer any more ({error})") from None
        if trouble:
            # Not given up: boot.py goes on with it.
            last = trouble.decode().strip().splitlines()[-1]
            raise FlashError(f"the board could not put everything in its place ({last}). Remove files of your own, if"
                             " it is full (mpremote fs ls), and reset it: it goes on by itself")

    def _is_foreign(self, path, before):
        if path in before:
            return False
        content = self.read(path, most=len(MARKER))
        return bool(content) and not content.startswith(MARKER)

    def erase(self):
        """Remove what `make flash` has put there; the number of files. Settings and files of others stay."""
        paths = self.installed()
        for path in [*paths, LIST]:
            self.link.run(f"discard({path!r})")
        for path in START_FILES:
            kept = path.replace(".py", "_before.py")
            self.link.run(f"try:\n os.rename({kept!r}, {path!r})\nexcept OSError: pass")
        self.link.run("clear()")
        return len(paths)


def blocks_of(size, block):
    """Blocks of a file of so many bytes; -1 is none."""
    return -(-(size - BLOCK_USED) // (block - BLOCK_USED)) if size > INLINE else 0


def pieces(files):
    """The files in rounds of ROUND bytes or one file; the start files in the last."""
    some = {}
    for path, data in sorted(files.items(), key=lambda item: item[0] in START_FILES):
        if some and sum(map(len, some.values())) + len(data) > ROUND and path not in START_FILES:
            yield some
            some = {}
        some[path] = data
    if some:
        yield some


def progress(sent, total, number, count, seconds):
    """The progress line."""
    part = sent / total if total else 1
    full = int(part * BAR)
    speed = sent / seconds / 1024 if seconds > 0.5 else 0
    return (f"  [{'#' * full}{'.' * (BAR - full)}] {part:4.0%}  {number}/{count} files, {sent / 1024:.0f} of"
            f" {total / 1024:.0f} kB" + (f", {speed:.0f} kB/s" if speed else ""))


class ProgressLine:
    """Shows it in place on a terminal, and a line for each quarter elsewhere."""

    def __init__(self, stream=sys.stderr):
        self.stream = stream
        self.quarter = -1

    def __call__(self, text):
        if self.stream.isatty():
            print(f"\r{text:<79}", end="", file=self.stream, flush=True)
            return
        quarter = int(text.split("]")[1].split("%")[0]) // 25
        if quarter > self.quarter:
            self.quarter = quarter
            print(text, file=self.stream, flush=True)

    def end(self):
        if self.stream.isatty():
            print(file=self.stream)
