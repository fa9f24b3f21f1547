"""Folders of files that an application serves."""

import sys

from ..config import MICROPYTHON


class Mounts:
    """Mixin of ViperHTTP."""

    def mount(self, prefix: str, root: str, html: bool = False) -> None:
        """Serve the files below folder `root` under `prefix`; with html=True also index.html for a folder.

        A file's `.gz` sibling is sent to clients that take gzip; ETag and Range are answered.
        On CPython `root` may be an ASGI application; see viperhttp.asgi.mount.
        """
        if callable(root):
            if MICROPYTHON:
                raise TypeError("mount() takes a folder; ASGI applications run on CPython only")
            return sys.modules["viperhttp"].asgi.mount(self, prefix, root)
        from ..endpoints.static import StaticFiles

        if not prefix.startswith("/"):
            raise ValueError("mount prefix must start with '/': %r" % prefix)
        self.mounts += ((prefix.rstrip("/"), StaticFiles(root, html)),)

    def find_static(self, path: str):
        """A FileResponse, or a path to redirect to, for an undecoded path; None when nothing is there."""
        for prefix, files in self.mounts:
            if path == prefix and prefix:
                return prefix + "/" if files.html else None
            if path.startswith(prefix + "/"):
                found = files.find(path[len(prefix) + 1 :])
                if found is not None:
                    return path + found if isinstance(found, str) else found
        return None
