"""Puts viperhttp and an application on a board, and looks after it there.

    make flash BOARD=esp32 [PORT=/dev/ttyUSB0] [APP=examples/dashboard] [SSID=NAME]
    make monitor | backup | erase-app | verify  [PORT=...]

flash      checks the firmware, copies what has changed, resets the board and prints its URL. The Wi-Fi password is
           asked for, or taken from WIFI_PASSWORD in the environment. VIPERHTTP_PASSWORD there becomes the board's
           admin password, which updates (make ota) need. Interrupted, it leaves the old program as it was.
monitor    shows what the board prints; Ctrl-C ends it.
backup     copies all files of the board to a folder, Wi-Fi passwords included.
erase-app  removes what flash has put there; settings and files of your own stay.
verify     puts a test program there in its place, measures conformance, throughput, memory and a soak over the
           network, and writes a report to a file. `make flash` brings the application back.
"""

import argparse
import ast
import datetime
import getpass
import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import answer
import program
import verify
from copying import Copier, ProgressLine
from link import FlashError, Gone, Link, find_port
from mpremote.transport import TransportExecError
from target import FACTS, ROOT, Firmware, Target, check, guess, names

SETTINGS, SECRETS, SLOTS = "/settings.json", "/secrets.json", "/slots.json"
MARK = "\n#"  # before the checksum in the files of viperhttp/device/settings.py
QUIET_SECONDS = 3600  # the monitor asks for lines in stretches of this length
INTERRUPTED = 130
HERE = pathlib.Path(__file__).resolve().parent


def say(text=""):
    print(text, flush=True)


# ---- the board ----------------------------------------------------------------------------------


def connect(options):
    """(link in raw REPL, what runs there); the board's program has been stopped."""
    port = find_port(options.port)
    link = Link(port)
    try:
        link.stop_program()
        return link, Firmware(ast.literal_eval(link.run(FACTS)))
    except FlashError as error:
        link.end()
        if str(error) == "no_repl":
            raise FlashError(no_repl(port, options.board)) from None
        raise
    except TransportExecError as error:
        link.end()
        raise FlashError(f"what answers on {port} is no MicroPython as it should be:\n{error}") from None


def no_repl(port, board):
    """What to do about a port where no REPL answers."""
    text = (f"no MicroPython answers on {port}. If it is on the board, press its reset button and try again, or look"
            f" for another PORT. If it is not:")
    steps = Target(board).firmware_steps(port) if board else "  give BOARD=, and this says how to install it"
    return f"{text}\n{steps}"


def read_json(copier, path):
    """The values of one of the board's settings files, {} where there is none."""
    text = copier.read(path).decode()
    if not text:
        return {}
    try:
        return json.loads(text.rpartition(MARK)[0] or text)
    except ValueError:
        say(f"  {path} on the board is damaged; it is written anew")
        return {}


# ---- the commands -------------------------------------------------------------------------------


def flash(options):
    url, _ = install(options)
    if not answer.reachable(url):
        say(f"\nThe board serves {url}, but this computer cannot reach it: is it in the same network?")
    say(f"\n  {url}\n")
    if options.qr:
        answer.show_qr(url)
    return 0


def verify_board(options):
    options.app = str(HERE / "verify_app")
    url, title = install(options)
    if not answer.reachable(url):
        raise FlashError(f"the board serves {url}, but this computer cannot reach it: is it in the same network?")
    return verify.verify(url, title, options)


def install(options):
    """Put the application on the board and start it: (its URL, what it runs on)."""
    link, firmware = connect(options)
    try:
        target = Target(options.board) if options.board else guess(firmware)
        check(firmware, target, link.port)
        say(f"{firmware} on {link.port}" + ("" if options.board else f"; taken for BOARD={target.name}"))
        say(f"  {firmware.free_flash // 1024} kB free for files, {firmware.free_heap // 1024} kB of heap")
        say(f"building {options.app} for {target.title} ({firmware.architecture or 'no machine code'})")
        files = program.program(target, firmware.architecture, options.app)
        copy(link, files, options)
        return start(link, options), f"{target.title}: {firmware}"
    finally:
        link.end()


def copy(link, files, options):
    """Copy the files, and settings where the command line has some."""
    line = ProgressLine()
    copier = Copier(link, line)
    current, secrets = read_json(copier, SETTINGS), read_json(copier, SECRETS)
    texts = program.settings(current, secrets, options.ssid, wifi_password(options, secrets), options.http_port,
                             options.hostname, os.environ.get("VIPERHTTP_PASSWORD"))
    mine = {path: text.encode() for path, text in zip((SETTINGS, SECRETS), texts, strict=True) if text}
    slots = program.slots(files, read_json(copier, SLOTS))
    if slots:
        mine[SLOTS] = slots.encode()
    total = sum(map(len, files.values()))
    say(f"copying {len(files)} files, {total // 1024} kB, as far as they have changed")
    try:
        copied, kept, removed = copier.install({**files, **mine}, settings=(*mine, SLOTS))
    except (KeyboardInterrupt, Gone) as error:
        line.end()
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
        raise FlashError(f"{why}. The program on the board is as it was before. The next `make flash` goes on where"
                         " this one stopped") from None
    line.end()
    say(f"  {copied} copied, {kept} unchanged" + (f", {removed} removed" if removed else ""))


def wifi_password(options, secrets):
    """The password for options.ssid, or None where it stays as it is."""
    if not options.ssid:
        return None
    if "WIFI_PASSWORD" in os.environ:
        return os.environ["WIFI_PASSWORD"]
    known = secrets.get("networks", {}).get(options.ssid)
    if sys.stdin.isatty():
        asked = getpass.getpass(f"password of {options.ssid}" + (" (Enter: as before): " if known else ": "))
        return asked or known or ""
    if known is None:
        raise FlashError(f"the password of {options.ssid} is needed: set WIFI_PASSWORD in the environment (empty for an"
                         " open network)")
    return known


def start(link, options):
    """Reset the board and wait for its URL."""
    say("starting it")
    link.reset()
    return answer.wait_for_url(link, lambda text: say("  | " + text) if text.strip() else None)


def monitor(options):
    link = Link(find_port(options.port))
    say(f"{link.port}: what the board prints. Ctrl-C ends this; the board goes on")
    try:
        while True:
            for text in link.lines(QUIET_SECONDS):
                say(text)
    except KeyboardInterrupt:
        say()
        return 0
    finally:
        link.end()


def backup(options):
    link, firmware = connect(options)
    folder = pathlib.Path(options.out or f"backup-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    try:
        copier = Copier(link)
        paths = [text.split(" ", 1) for text in link.run("files()").splitlines()]
        say(f"{firmware}: {len(paths)} files to {folder}/")
        for _, path in paths:
            place = folder / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(copier.read(path))
            say(f"  {path}")
    finally:
        link.end()
    say(f"Back again: mpremote connect {link.port} fs cp -r {folder}/* :")
    return 0


def erase_app(options):
    link, firmware = connect(options)
    try:
        count = Copier(link).erase()
    finally:
        link.end()
    say(f"{firmware}: {count} files removed; settings and files of your own are still there" if count else
        f"{firmware}: nothing there that `make flash` has copied")
    return 0


COMMANDS = {"flash": flash, "monitor": monitor, "backup": backup, "erase-app": erase_app, "verify": verify_board}


def arguments():
    parser = argparse.ArgumentParser(prog="flash.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--board", help=f"one of {', '.join(names())}; without it the board is asked")
    parser.add_argument("--port", help="serial port, or socket://HOST:PORT; without it the only board that is there")
    parser.add_argument("--app", default="examples/dashboard", help="folder with main.py (default: %(default)s)")
    parser.add_argument("--ssid", help="Wi-Fi network to join; known ones stay")
    parser.add_argument("--hostname", help="name in the network: http://NAME.local/ (default: viper)")
    parser.add_argument("--http-port", type=int, help="port that it serves on (default: 80)")
    parser.add_argument("--out", help="folder of the backup, or file of the report")
    parser.add_argument("--minutes", type=float, default=5, help="verify: length of the soak (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="verify: length of each measurement")
    parser.add_argument("--cases", help="verify: Autobahn cases such as 1.*,7.1.1 (default: all that fit in a board)")
    parser.add_argument("--no-conformance", action="store_true", help="verify: leave the Autobahn suite out")
    parser.add_argument("--no-qr", dest="qr", action="store_false", help="print no QR code")
    options = parser.parse_args()
    for name, value in vars(options).items():
        if value == "":
            setattr(options, name, None)  # an empty variable of make
    options.app = options.app or "examples/dashboard"
    return options


def main():
    options = arguments()
    if options.command == "flash":
        options.app = options.app if os.path.isabs(options.app) else str(ROOT / options.app)
    try:
        return COMMANDS[options.command](options)
    except FlashError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
