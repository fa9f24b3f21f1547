"""Which byte loops to take: "auto", "viper", "pure" or "cpython"; see kernels.py."""

import os

KERNELS = (os.getenv("VIPERHTTP_KERNELS") if hasattr(os, "getenv") else None) or "auto"
