# Runs on the board while `make flash` copies; defined in its REPL after boot.py's functions.
import binascii
import hashlib
import os


def digest(path):
    """First 16 digits of a file's SHA-256, or "" where there is none."""
    try:
        total = hashlib.sha256()
        buffer = bytearray(512)
        with open(path, "rb") as file:
            while True:
                size = file.readinto(buffer)
                if not size:
                    return binascii.hexlify(total.digest()).decode()[:16]
                total.update(memoryview(buffer)[:size])
    except OSError:
        return ""


def size(path):
    """Bytes of a file, -1 where there is none; of a folder any number but that."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def put(path, data, mode):
    """Write a piece of a file, given in base64."""
    with open(path, mode) as file:
        file.write(binascii.a2b_base64(data))


def get(path, offset, size):
    """A piece of a file in base64."""
    with open(path, "rb") as file:
        file.seek(offset)
        return binascii.b2a_base64(file.read(size)).decode().strip()


def files(folder=""):
    """Print every path below the folder with its size."""
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            files(path)
        else:
            print(entry[3] if len(entry) > 3 else os.stat(path)[6], path)


def room():
    """(bytes of a block, free bytes)."""
    block, _, _, free = os.statvfs("/")[:4]
    return block, block * free
