"""The board's own file system as the only one: littlefs in an image file, or a folder of the host."""

import os
import sys

import vfs

BLOCK = 4096
ERASED = b"\xff"
# The block device's ioctl operations (MicroPython's vfs documentation).
SYNC, COUNT, SIZE, ERASE = 3, 4, 5, 6


class Image:
    """A flash partition that is kept in a host's file."""

    def __init__(self, path, size):
        try:
            self.file = open(path, "r+b")
        except OSError:
            with open(path, "wb") as file:
                for _ in range(size // BLOCK):
                    file.write(ERASED * BLOCK)
            self.file = open(path, "r+b")
        self.blocks = self.file.seek(0, 2) // BLOCK

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == COUNT:
            return self.blocks
        if operation == SIZE:
            return BLOCK
        if operation == SYNC:
            self.file.flush()
        return 0


def littlefs(path, size):
    """The littlefs in the image; an erased image gets a new one, as a board's first boot does."""
    device = Image(path, size)
    try:
        return vfs.VfsLfs2(device)
    except OSError:
        vfs.VfsLfs2.mkfs(device)
        return vfs.VfsLfs2(device)


def mount(world):
    """Mount it at / instead of the host's files, with the module path of a board."""
    root = littlefs(world.flash, world.storage) if world.filesystem == "lfs2" else vfs.VfsPosix(world.flash)
    vfs.umount("/")
    vfs.mount(root, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
