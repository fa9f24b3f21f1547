"""The MicroPython process behind the virtual board: start, soft and hard reset, power cut."""

import errno
import fcntl
import json
import os
import pathlib
import pty
import signal
import termios

HERE = pathlib.Path(__file__).resolve().parent
WORD_SCALE = 2  # the VM's words have 64 bits where a board's have 32
# What the stand-ins need; vm/boot.py takes what is left over, so that the program has a board's heap and no more.
STAND_INS = 160 * 1024
RAW_MARK = b"raw REPL; CTRL-B to exit\r\n"
FRIENDLY_MARK = b'Type "help()" for more information.'
BANNER_MARK = b"MicroPython "
PROMPT = b">>> "
CTRL_A = b"\x01"
LONGEST_MARK = 64
LONGEST_BANNER = 20


def make_transparent(fd):
    """Set a tty so that it changes no byte, but turns Ctrl-C into SIGINT while code runs."""
    mode = termios.tcgetattr(fd)
    mode[0] &= ~(termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    mode[3] |= termios.ISIG
    mode[6][termios.VMIN] = 1
    mode[6][termios.VTIME] = 0
    for key in (termios.VQUIT, termios.VSUSP):
        mode[6][key] = b"\x00"
    termios.tcsetattr(fd, termios.TCSANOW, mode)


class Chip:
    """One board's processor.

    micropython  path of the unix port
    settings     what vm/vb_world.py reads, but for this start's own
    world        folder that vm/vb_world.py uses
    """

    def __init__(self, micropython, settings, world):
        self.micropython = micropython
        self.settings = settings
        self.world = world
        self.pid = None
        self.fd = None  # our end of the VM's tty
        self.mode = "friendly"
        self.starts = 0
        self._tail = b""
        self._held = None
        self._typed = b""  # None once it is running

    def start(self, cause):
        """Start it after "power", "hard", "soft" or "watchdog"; with a tty of its own, so that it is a clean one."""
        if cause != "soft":
            self.mode = "friendly"
        settings = dict(self.settings, mode=self.mode, cause=cause)
        settings["heap"] *= WORD_SCALE
        environment = {
            "HOME": "/nonexistent",  # no history file, no ~/.micropython
            "MICROPYPATH": f"{HERE / 'vm'}:.frozen",
            "VBOARD_WORLD": str(self.world),
            "VBOARD_SETTINGS": json.dumps(settings),
        }
        heap = f"heapsize={settings['heap'] + STAND_INS}"
        command = [self.micropython, "-X", heap, "-i", str(HERE / "vm" / "boot.py")]
        master, slave = pty.openpty()
        make_transparent(slave)
        self.pid = os.fork()
        if self.pid == 0:
            self._become(command, environment, slave)
        os.close(slave)
        self.fd = master
        self._held = b"" if self.mode == "raw" else None
        self._tail = b""
        # A Ctrl-C would end the process before it is a board, or between the start files and the REPL.
        self._typed = b""
        self.starts += 1

    @staticmethod
    def _become(command, environment, slave):
        try:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 256)
            os.execve(command[0], command, environment)
        finally:
            os._exit(127)

    def ready(self):
        """It runs main.py, or is at its prompt: what was typed meanwhile goes to it."""
        typed, self._typed = self._typed, None
        if typed:
            self.write(typed)

    def write(self, data):
        """Give it what was typed."""
        if self._typed is not None:
            self._typed += data
            return
        try:
            os.write(self.fd, data)
        except OSError as error:
            if error.errno != errno.EIO:  # it is just ending
                raise

    def read(self):
        """What it has printed, for the host; None when it has ended."""
        try:
            data = os.read(self.fd, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            return None
        if self._held is not None:
            return self._into_raw_mode(data)
        text = self._tail + data
        if self._typed is not None and PROMPT in text:
            self.ready()
        raw, friendly = text.rfind(RAW_MARK), text.rfind(FRIENDLY_MARK)
        if raw >= 0 or friendly >= 0:
            self.mode = "raw" if raw > friendly else "friendly"
        self._tail = text[-LONGEST_MARK:]
        return data

    def _into_raw_mode(self, data):
        """A soft reset in raw REPL comes back in raw REPL: the unix port's banner is held back and Ctrl-A sent."""
        self._held += data
        prompt, banner = self._held.find(PROMPT), self._held.find(BANNER_MARK)
        if prompt < 0:
            if banner >= 0 or len(self._held) <= LONGEST_BANNER:
                return b""
            shown, self._held = self._held[:-LONGEST_BANNER], self._held[-LONGEST_BANNER:]
            return shown
        shown = self._held[: banner if banner >= 0 else prompt]
        self._held = None
        self._typed = CTRL_A + (self._typed or b"")
        self.ready()
        return shown.rstrip(b"\r\n") + (b"\r\n" if shown.strip() else b"")

    def ended(self):
        """After read() gave None: the exit status, negative for a signal."""
        os.close(self.fd)
        _, status = os.waitpid(self.pid, 0)
        self.pid = self.fd = None
        return os.waitstatus_to_exitcode(status)

    def cut_power(self):
        """End it as a power cut does."""
        if self.pid is None:
            return
        os.kill(self.pid, signal.SIGKILL)
        self.ended()
