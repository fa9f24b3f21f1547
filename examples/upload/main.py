"""Upload: a file of a form goes to flash piece by piece, never whole in memory, and every page sees how far it is."""

import os
import sys

from viperhttp import ConnectionManager, FileResponse, HTTPException, ViperHTTP, current_request

KIB = 1024
MAX_FILE = 512 * KIB
MAX_REQUEST = MAX_FILE + 4 * KIB  # a file and what a form puts around it; more is 413 before anything is read
MAX_FILES = 8
MAX_NAME = 40
SPARE = 64 * KIB  # of the flash, which stays free
STEP = 16 * KIB  # bytes between two messages of progress
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
UNFINISHED = ".part"
RESERVED = (UNFINISHED, ".gz")  # a FileResponse would take x.gz for the compressed x


def beside(name):
    """A path beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + name


FOLDER = beside("uploads")
app = ViperHTTP()
watchers = ConnectionManager()


def stored():
    """[{"name", "size"}] of the files that are complete."""
    names = sorted(name for name in os.listdir(FOLDER) if not name.endswith(UNFINISHED))
    return [{"name": name, "size": os.stat(FOLDER + "/" + name)[6]} for name in names]


def checked(name):
    """The name, when it is a plain one; HTTPException 400 otherwise."""
    plain = 0 < len(name) <= MAX_NAME and name[0] != "." and not [end for end in RESERVED if name.endswith(end)]
    if not plain or not all(letter in LETTERS for letter in name):
        raise HTTPException(400, "a file name has up to %d letters, digits, - _ . and no .gz at its end" % MAX_NAME)
    return name


def room():
    """Bytes that an upload may take."""
    if not hasattr(os, "statvfs"):
        return MAX_FILE
    disk = os.statvfs(FOLDER)
    return min(MAX_FILE, disk[1] * disk[3] - SPARE)  # block size, free blocks


async def receive(part, name):
    """Write one file of a form, telling the watchers; returns its size."""
    limit = room()
    size = told = 0
    path = FOLDER + "/" + name
    complete = False
    file = open(path + UNFINISHED, "wb")
    try:
        async for piece in part:
            size += len(piece)
            if size > limit:
                raise HTTPException(413, "%s is larger than the %d bytes there are for it" % (name, max(limit, 0)))
            file.write(piece)
            if size - told >= STEP:
                told = size
                await watchers.broadcast_json({"name": name, "written": size})
        complete = True
    finally:
        # Also when the client has gone in the middle: half a file is nobody's.
        file.close()
        if not complete:
            os.remove(path + UNFINISHED)
            await watchers.broadcast_json({"name": name, "failed": True})
    if name in os.listdir(FOLDER):
        os.remove(path)  # FAT does not rename onto a file
    os.rename(path + UNFINISHED, path)
    return size


@app.post("/files", stream_body=MAX_REQUEST)
async def upload():
    done = []
    async for part in current_request().parts(MAX_FILES):
        if part.filename is None:
            continue
        name = checked(part.filename)
        names = os.listdir(FOLDER)
        if name + UNFINISHED in names:
            raise HTTPException(409, name + " is being uploaded just now")
        if name not in names and len(names) >= MAX_FILES:
            raise HTTPException(507, "there are %d files already" % MAX_FILES)
        done.append({"name": name, "size": await receive(part, name)})
        await watchers.broadcast_json({"files": stored()})
    return done, 201


@app.get("/files")
async def listing():
    return stored()


@app.get("/files/{name}")
async def download(name):
    path = find(name)
    # As an attachment: a page that somebody has uploaded must not run as one of this board's own.
    return FileResponse(path, headers={"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"})


@app.delete("/files/{name}")
async def delete(name):
    os.remove(find(name))
    await watchers.broadcast_json({"files": stored()})


def find(name):
    """The path of a complete file; HTTPException 404 when there is none."""
    if checked(name) not in os.listdir(FOLDER):
        raise HTTPException(404, "no file " + name)
    return FOLDER + "/" + name


@app.websocket("/progress")
async def progress(ws):
    await watchers.connect(ws)
    await ws.send_json({"files": stored(), "most": room()})
    try:
        while (await ws.receive())["type"] != "close":
            pass  # watchers have nothing to say
    finally:
        watchers.disconnect(ws)


def prepare():
    """Make the folder; remove what an upload left when the power went."""
    try:
        os.mkdir(FOLDER)
    except OSError:
        pass  # it is there
    for name in os.listdir(FOLDER):
        if name.endswith(UNFINISHED):
            os.remove(FOLDER + "/" + name)


app.on_event("startup")(prepare)
app.mount("/", beside("www"), html=True)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
