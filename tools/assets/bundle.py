"""Makes one page out of several: styles and scripts go inside the HTML file, which is then compressed.

A board serves at most a handful of connections, so the whole page has to come over one of them.
"""

import gzip
import re
from pathlib import Path

STYLE = re.compile(r'<link rel="stylesheet" href="([\w.-]+)">\n')
SCRIPT = re.compile(r'<script src="([\w.-]+)"></script>\n')
LIBRARY = "uplot"


def page(sources: Path, library: "Path | None") -> str:
    """The page as one text; without the library its style and script are left out."""
    text = (sources / "index.html").read_text(encoding="utf-8")

    def content(name):
        if name.startswith(LIBRARY + "."):
            return (library / name).read_text(encoding="utf-8") if library else ""
        return (sources / name).read_text(encoding="utf-8")

    def style(match):
        inside = content(match.group(1))
        return f"<style>\n{inside.strip()}\n</style>\n" if inside else ""

    def script(match):
        inside = content(match.group(1))
        # A script inside HTML ends at the first "</script", whatever it is part of.
        if "</script" in inside.lower():
            raise ValueError(f"{match.group(1)} holds </script")
        return f"<script>\n{inside.strip()}\n</script>\n" if inside else ""

    text = SCRIPT.sub(script, STYLE.sub(style, text))
    if not library:
        return text
    licence = (library / f"{LIBRARY}.txt").read_text(encoding="utf-8").strip().replace("--", "- -")
    return text.rstrip() + f"\n<!-- Charts: uPlot.\n{licence}\n-->\n"


def write(sources: Path, library: "Path | None", target: Path) -> int:
    """Writes index.html.gz, which every browser takes, and nothing else; returns its size."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        if old.is_file():
            old.unlink()
    plain = page(sources, library).encode("utf-8")
    # No time and no name inside: the same sources give the same bytes, and so the same ETag.
    packed = gzip.compress(plain, compresslevel=9, mtime=0)
    (target / "index.html.gz").write_bytes(packed)
    return len(packed)
