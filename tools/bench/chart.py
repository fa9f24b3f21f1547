"""Writes a bar chart as SVG: groups of bars on a logarithmic scale, each bar with its value."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP = 860, 168, 96, 74
BAR, GAP, GROUP_GAP = 18, 4, 22
QUIET = ("#b8bec7", "#8f99a6", "#6b7683", "#d5d9de", "#4d5763")
STRONG, STRONG_SECOND = "#0b7a4b", "#6fbf9a"
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.t{font-size:18px;font-weight:600}"
    ".s,.g{fill:#5b6672}.g{font-size:11px}.v{font-size:12px}.l{stroke:#e3e7eb}"
    "@media(prefers-color-scheme:dark){text{fill:#e6eaee}.s,.g{fill:#9aa5b1}.l{stroke:#333c46}}"
)


def short(value: float) -> str:
    """1 234 567 as 1.23 M."""
    for unit, factor in (("M", 1e6), ("K", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}"


def grouped_bars(title: str, subtitle: str, bars: list[tuple[str, str, float]], emphasis: str) -> str:
    """bars: (group, name, value > 0) in drawing order; names that begin with `emphasis` stand out."""
    names = list(dict.fromkeys(name for _, name, _ in bars))
    colours = _colours(names, emphasis)
    low = 10 ** math.floor(math.log10(min(v for _, _, v in bars)))
    high = 10 ** math.ceil(math.log10(max(v for _, _, v in bars)))
    span = max(1.0, math.log10(high / low))

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(value / low) / span

    body, y, previous = [], TOP, None
    for group, name, value in bars:
        if group != previous:
            y += GROUP_GAP if previous is not None else 0
            body.append(f'<text x="{LEFT - 150}" y="{y + 13}" font-weight="600">{escape(group)}</text>')
            previous = group
        weight = ' font-weight="600"' if name == emphasis else ""
        width = max(1.0, x(value) - LEFT)
        body.append(
            f'<text class="v" x="{LEFT - 8}" y="{y + 13}" text-anchor="end"{weight}>{escape(name)}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{colours[name]}"/>'
            f'<text class="v" x="{LEFT + width + 6:.1f}" y="{y + 13}"{weight}>{short(value)}</text>'
        )
        y += BAR + GAP
    return _page(title, subtitle, y, body, _grid(low, high, x, y))


def _colours(names: list[str], emphasis: str) -> dict[str, str]:
    quiet = iter(QUIET * 3)
    return {
        name: STRONG if name == emphasis else STRONG_SECOND if name.startswith(emphasis) else next(quiet)
        for name in names
    }


def _grid(low: float, high: float, x, bottom: float) -> list[str]:
    lines, mark = [], low
    while mark <= high * 1.001:
        lines.append(
            f'<line class="l" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP - 8}" y2="{bottom}"/>'
            f'<text class="g" x="{x(mark):.1f}" y="{bottom + 16}" text-anchor="middle">{short(mark)}</text>'
        )
        mark *= 10
    return lines


def _page(title: str, subtitle: str, bottom: float, body: list[str], grid: list[str]) -> str:
    height = bottom + 30
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title><style>{STYLE}</style>",
            f'<text class="t" x="18" y="30">{escape(title)}</text>',
            f'<text class="s" x="18" y="50">{escape(subtitle)}</text>',
            *grid,
            *body,
            "</svg>",
            "",
        ]
    )
