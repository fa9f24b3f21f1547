"""Sends an application to a board over Wi-Fi and waits until it has proved itself: send.py HOST [APP] [options]

    make ota HOST=kitchen.local APP=examples/dashboard [VERSION=1.2]

The board has to run an application by `make flash` (viperhttp.device) with the secret "admin" set; the password is
asked for, or taken from VIPERHTTP_PASSWORD. Nothing is replaced: the board tries the new version from its second
folder, and goes back to the present one when that does not serve.
"""

import argparse
import base64
import getpass
import hashlib
import http.client
import io
import json
import os
import pathlib
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "flash"))

import program  # noqa: E402  tools/flash
from link import FlashError  # noqa: E402

PIECE = 4096
ANSWER_SECONDS = 30  # flash is slow, and the old version is deleted first
TRIAL_SECONDS = 420  # viperhttp/device/program.py: TRIAL, and the boots that a bad version has


class OtaError(Exception):
    """What went wrong, with what helps."""


class Board:
    """The board's /ota.

    host      name or address, with :PORT where it is not 80
    password  of "admin"
    """

    def __init__(self, host, password, path="/ota"):
        self.host = host.removeprefix("http://").rstrip("/")
        self.path = path
        self.authorization = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()

    def _connection(self, seconds):
        return http.client.HTTPConnection(self.host, timeout=seconds)

    def status(self, seconds=ANSWER_SECONDS):
        """What it runs, as a dict. OtaError, or OSError where it does not answer."""
        connection = self._connection(seconds)
        try:
            connection.request("GET", self.path, headers={"Authorization": self.authorization})
            return self._result(connection.getresponse())
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP from {self.host}: {error!r}") from None
        finally:
            connection.close()

    def send(self, archive, version, show):
        """Send the archive; show(bytes sent) is called on the way. Returns the board's answer."""
        connection = self._connection(ANSWER_SECONDS)
        try:
            connection.putrequest("POST", self.path)
            for name, value in (
                ("Authorization", self.authorization),
                ("Content-Type", "application/x-tar"),
                ("Content-Length", str(len(archive))),
                ("X-SHA256", hashlib.sha256(archive).hexdigest()),
                ("X-Version", version),
            ):
                connection.putheader(name, value)
            connection.endheaders()
            try:
                for at in range(0, len(archive), PIECE):
                    connection.send(archive[at : at + PIECE])
                    show(min(at + PIECE, len(archive)))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has refused the rest: its answer says why
            return self._result(connection.getresponse())
        except http.client.HTTPException as error:
            raise OSError(f"{error!r}") from None
        finally:
            connection.close()

    def _result(self, response):
        text = response.read().decode(errors="replace")
        if response.status == 401:
            raise OtaError('the password is wrong: it is the secret "admin" in /secrets.json on the board')
        if response.status == 404:
            raise OtaError(f'{self.host} takes no updates: its /secrets.json needs the secret "admin", and its'
                           " application has to be started by `make flash` (viperhttp.device)")
        if response.status == 429:
            raise OtaError(f"too many wrong passwords: wait {response.headers.get('Retry-After', '300')} s")
        try:
            found = json.loads(text)
        except ValueError:
            found = {"detail": text.strip()}
        if response.status != 200:
            raise OtaError(f"{self.host} says {response.status}: {found.get('detail', text)}")
        return found


def pack(files):
    """A tar archive of {path: bytes}; the same files give the same bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return out.getvalue()


def version_of(files):
    """A name for what has none: a hash of all files."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(name.encode() + b"\0" + files[name])
    return total.hexdigest()[:8]


def progress(sent, total, began):
    """One line that replaces itself."""
    part = sent / total
    seconds = max(time.monotonic() - began, 0.001)
    bar = "#" * round(part * 24)
    return f"\r  [{bar:24}] {sent // 1024} of {total // 1024} kB, {sent / 1024 / seconds:.0f} kB/s "


def follow(board, answer, version, say, patience=TRIAL_SECONDS):
    """Wait until the version is confirmed. OtaError when the board has given it up."""
    deadline = time.monotonic() + patience
    said = None
    while time.monotonic() < deadline:
        try:
            status = board.status(5)
        except OSError:
            now = "the board restarts"
        else:
            if status["good"] == answer["folder"] and not status["trial"]:
                return say(f"version {version} is confirmed: http://{board.host}/")
            if not status["trial"] and status["failed"] == version:
                raise OtaError(f"version {version} did not serve, and the board went back to {status['version']}."
                               f" Its last errors: http://{board.host}/health")
            on_trial = status["running"] == answer["folder"]
            now = f"version {version} is on trial" if on_trial else "the board is about to restart"
        if now != said:
            say(now)
            said = now
        time.sleep(0.5)
    raise OtaError(f"the board was not seen with version {version} within {patience} s. Is it still on the network?"
                   f" http://{board.host}/health")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host", help="name or address of the board, such as kitchen.local or 192.168.1.7")
    parser.add_argument("app", nargs="?", default="examples/dashboard", help="folder with main.py (%(default)s)")
    parser.add_argument("--version", help="name of this version; default: a hash of its files")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the trial")
    options = parser.parse_args(arguments)
    try:
        return update(options)
    except (OtaError, FlashError) as error:
        print(f"ota: {error}", file=sys.stderr)
    except OSError as error:
        print(f"ota: {options.host} does not answer ({error}). Is the board on, and in the same network? Its name ends"
              " in .local; its address is printed by `make monitor`", file=sys.stderr)
    return 1


def update(options):
    files = program.application(ROOT / options.app)
    archive = pack(files)
    version = options.version or version_of(files)
    password = os.environ.get("VIPERHTTP_PASSWORD") or getpass.getpass("Password of admin on the board: ")
    board = Board(options.host, password)
    status = board.status()
    print(f"{board.host} runs version {status['version']}; {len(files)} files, {len(archive) // 1024} kB to send")
    began = time.monotonic()
    answer = board.send(archive, version, lambda sent: print(progress(sent, len(archive), began), end="", flush=True))
    print()
    if options.no_wait or not answer["restarts"]:
        print(f"version {version} is in {answer['folder']}; the next start tries it")
        return 0
    follow(board, answer, version, lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
