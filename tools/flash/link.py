"""The connection to a board: mpremote's, with errors that say what to do."""

import ast
import errno
import glob
import os
import sys
import time

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

ANSWER_SECONDS = 10  # a board that says nothing for so long does not answer
ENTER_SECONDS = 10
USB_GONE = (OSError, serial.SerialException)


class FlashError(Exception):
    """What went wrong; the text says what to do."""


class Gone(FlashError):
    """The board was unplugged, or ended, in the middle of something."""


def ports():
    """[(device, description)] of the serial ports that may be boards: those on USB."""
    found = [(one.device, one.description or "") for one in list_ports.comports() if one.vid is not None]
    return sorted(found)


def find_port(wanted):
    """The port to use: the one named, else the only one there is."""
    if wanted:
        if "://" not in wanted and not os.path.exists(wanted) and os.name != "nt":
            raise FlashError(f"there is no port {wanted}. {_have()}")
        return wanted
    found = ports()
    if len(found) == 1:
        return found[0][0]
    if not found:
        raise FlashError("no board found. Plug it in with a USB cable that carries data (many only charge), then try"
                         " again." + _permission_hint())
    raise FlashError(f"several boards: name one with PORT=. {_have()}")


def _have():
    found = ports()
    if not found:
        return "No board is plugged in, or its cable only charges." + _permission_hint()
    return "There is: " + ", ".join(f"{device} ({about})" if about else device for device, about in found)


def _permission_hint():
    silent = [path for path in glob.glob("/dev/ttyACM*") + glob.glob("/dev/ttyUSB*") if not os.access(path, os.W_OK)]
    return f" ({silent[0]} is there, but this user may not open it.)" if silent else ""


class Link(SerialTransport):
    """mpremote's transport with a deadline on every read, which waits in the kernel and not in a loop."""

    def __init__(self, port):
        self.port = port
        self.rest = b""  # of a line that has not ended
        try:
            super().__init__(port, timeout=1)
        except TransportError as error:
            raise FlashError(self._why_not(error)) from None
        except serial.SerialException as error:
            raise FlashError(self._why_not(error)) from None

    def _why_not(self, error):
        if self.port.startswith("socket://"):
            return f"nothing answers at {self.port}"
        try:
            os.close(os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        except PermissionError:
            return (f"{self.port}: this user may not open it. Once: sudo usermod -aG dialout $USER, then log out"
                    " and in again")
        except OSError as reason:
            if reason.errno != errno.EBUSY:
                return f"{self.port}: {reason.strerror}. {_have()}"
        return f"{self.port} is in use by another program (a monitor, Thonny, an IDE): close it and try again"

    # ---- under mpremote's own functions ------------------------------------

    def read_until(self, min_num_bytes, ending, timeout=ANSWER_SECONDS, data_consumer=None, timeout_overall=None):
        """As mpremote's, without its pause of 10 ms before each answer."""
        data = bytearray()
        now = time.monotonic()
        quiet = now + (timeout or ANSWER_SECONDS)
        overall = now + timeout_overall if timeout_overall else None
        while not data.endswith(ending):
            byte = self.serial.read(1)
            now = time.monotonic()
            if byte:
                quiet = now + (timeout or ANSWER_SECONDS)
                if data_consumer:
                    data_consumer(byte)
                    data[:] = byte
                else:
                    data += byte
            elif now > quiet:
                break
            if overall and now > overall:
                break
        return bytes(data)

    def run(self, code):
        """Run code on the board; what it printed. Gone when the board does not answer any more."""
        try:
            return self.exec(code).decode()
        except TransportExecError:
            raise
        except (TransportError, *USB_GONE) as error:
            raise Gone(f"the board on {self.port} does not answer any more ({error})") from None

    def ask(self, expression):
        """The value of an expression on the board."""
        return ast.literal_eval(self.run(f"print(repr({expression}))"))

    def stop_program(self):
        """Stop what runs there and enter raw REPL on a fresh heap; main.py does not run."""
        shown, sys.stdout = sys.stdout, open(os.devnull, "w")  # mpremote prints what it could not understand
        try:
            self.enter_raw_repl(soft_reset=True, timeout_overall=ENTER_SECONDS)
        except TransportError:
            raise FlashError("no_repl") from None
        except USB_GONE as error:
            raise Gone(f"{self.port}: {error}") from None
        finally:
            sys.stdout.close()
            sys.stdout = shown

    def reset(self):
        """Reset it as its button does: boot.py and main.py run."""
        try:
            self.exec_raw_no_follow("import machine; machine.reset()")
        except (TransportError, *USB_GONE):
            pass  # it is resetting already

    def lines(self, seconds):
        """The lines that it prints, for so many seconds; Gone when it is unplugged."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.rest += self.serial.read(max(1, min(self.serial.in_waiting, 1024)))
            except USB_GONE as error:
                raise Gone(f"{self.port}: {error}") from None
            *whole, self.rest = self.rest.replace(b"\r\n", b"\n").split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").strip("\r\x04")

    def end(self):
        """Leave raw REPL and close the port; no error when the board is gone."""
        try:
            if self.in_raw_repl:
                self.exit_raw_repl()
        except USB_GONE:
            pass  # nothing to leave
        try:
            self.close()
        except USB_GONE:
            self.serial.close()
