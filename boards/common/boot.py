# Written by `make flash`. Finishes an installation that was interrupted; then main.py runs.
import os

STAGE = "/flash_new"


def finish():
    """Put what was staged in its place; it can be cut short at any point and started again."""
    try:
        with open(STAGE + "/commit") as file:
            lines = file.read().split("\n")
    except OSError:
        return
    for line in lines:
        if not line:
            continue
        word, size, path = line.split(" ")
        if word == "-":
            discard(path)
        elif word == "=":
            keep(path)
        else:
            unpack(int(word), int(size), path)
    os.remove(STAGE + "/commit")
    clear()


def unpack(offset, size, path):
    """Take a file out of the pack, beside the old one; then it replaces that, and the folders above it are made."""
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass  # it is there
        at = path.find("/", at + 1)
    buffer = memoryview(bytearray(512))
    with open(STAGE + "/pack", "rb") as pack:
        pack.seek(offset)
        with open(path + ".new", "wb") as file:
            while size > 0:
                size -= file.write(buffer[: pack.readinto(buffer[: min(size, 512)])])
    try:
        os.rename(path + ".new", path)
    except OSError:  # FAT does not rename onto a file
        os.remove(path)
        os.rename(path + ".new", path)


def keep(path):
    """Keep a file of somebody else as x_before.py."""
    kept = path.replace(".py", "_before.py")
    try:
        os.stat(kept)
    except OSError:
        os.rename(path, kept)


def discard(path):
    """Remove a file, and the folders that it leaves empty."""
    try:
        os.remove(path)
        while path.rfind("/") > 0:
            path = path[: path.rfind("/")]
            os.rmdir(path)
    except OSError:
        pass  # it is gone already, or the folder is not empty


def clear():
    """Remove the staging folder."""
    try:
        for name in os.listdir(STAGE):
            os.remove(STAGE + "/" + name)
        os.rmdir(STAGE)
    except OSError:
        pass  # it was never made


finish()
