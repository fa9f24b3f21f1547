"""CPython: unmasking by another package's C function, where one is installed, and without it."""

import os
import random
import subprocess
import sys

import pytest
from websockets.speedups import apply_mask

from viperhttp.protocol import _cpython

MASK = b"\x37\xfa\x00\xff"
LENGTHS = (0, 1, 3, 4, 15, 125, 126, 199, 200, 203, 1000, 16384, 65535)


@pytest.mark.parametrize("masker", [None, apply_mask], ids=["standard library", "websockets"])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_each_way_gives_the_xor(monkeypatch, masker, kind):
    monkeypatch.setattr(_cpython, "apply_mask", masker)
    for n in LENGTHS:
        plain = random.Random(n).randbytes(n)
        masked = bytes(byte ^ MASK[i & 3] for i, byte in enumerate(plain))
        assert bytes(_cpython.unmasked(kind(masked), MASK)) == plain, n
        buf = bytearray(b"<" + masked + b">")
        _cpython.unmask(memoryview(buf) if kind is bytes else buf, 1, n, bytearray(MASK))
        assert buf == b"<" + plain + b">", n


@pytest.mark.parametrize("setting, expected", [("auto", "True"), ("cpython", "False"), ("", "True")])
def test_an_installed_masker_is_taken_unless_the_setting_says_otherwise(setting, expected):
    code = "from viperhttp.protocol import _cpython, kernels; print(kernels.NAME, _cpython.apply_mask is not None)"
    env = dict(os.environ, VIPERHTTP_KERNELS=setting)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["cpython", expected], done.stderr


def test_without_such_a_package_nothing_is_missing():
    code = (
        "import sys; sys.modules['websockets'] = None\n"
        "from viperhttp.protocol import _cpython; print(_cpython.apply_mask)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "None", done.stderr
