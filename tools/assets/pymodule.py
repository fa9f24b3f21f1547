"""Writes a file as a Python module: the one kind of file that mip installs, firmware freezes and a wheel carries alike.

Frozen, it is in flash and takes no RAM. The file is compressed; base64, as source text holds bytes best.
"""

import base64
import gzip

LINE = 108  # base64 characters of one source line
LINES = 5  # of one piece: what a board holds decoded, and asks of a fragmented heap, at a time


def compress(data: bytes) -> bytes:
    """gzip, with no time and no name inside: the same sources give the same bytes."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def module(job: str, digest: str, packed: bytes, extra=()) -> str:
    """The text of the module.

    job     its first line
    digest  what identifies the file, however a zlib compresses it
    extra   further lines
    """
    coded = base64.b64encode(packed).decode()
    lines = [coded[i : i + LINE] for i in range(0, len(coded), LINE)]
    out = [f'"""{job}"""', "", f'DIGEST = "{digest}"', f"SIZE = {len(packed)}", *extra, "PIECES = ("]
    for i in range(0, len(lines), LINES):
        some = lines[i : i + LINES]
        out += [f'    "{line}"' + ("," if line is some[-1] else "") for line in some]
    out.append(")")
    return "\n".join(out) + "\n"


def is_current(target, digest: str) -> bool:
    """Was the module made from what the digest stands for?"""
    return target.exists() and f'DIGEST = "{digest}"' in target.read_text(encoding="utf-8")
