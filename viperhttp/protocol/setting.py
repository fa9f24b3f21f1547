"""Which byte loops to take: "auto", "viper", "pure" or "cpython"; see kernels.py."""

import sys

KERNELS = "auto"
if sys.platform in ("linux", "darwin", "win32"):  # not on a board, which has no environment
    import os

    KERNELS = (os.getenv("VIPERHTTP_KERNELS") if hasattr(os, "getenv") else None) or KERNELS
