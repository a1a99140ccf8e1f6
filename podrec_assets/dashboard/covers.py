"""SVG images: a cover for a show without artwork, and the bars of a score. Pure, deterministic."""

import hashlib
import itertools
from xml.sax.saxutils import escape

INK = "#ffffff"
REST = "#8a97a6"
BARS = ("#14a394", "#d08a55", "#6f7fd0", "#b0628f")
"""Colours of the bars from the top, then from the first again."""


def cover(show_id: str, title: str) -> str:
    """Returns a square cover: colours and arcs from the id, initials from the (escaped) title."""
    seed = hashlib.sha256(show_id.encode("utf-8", "surrogatepass")).digest()
    hue, turn = int.from_bytes(seed[:2]) % 360, 25 + seed[2] % 35
    x, y = 20 + seed[3] % 60, 20 + seed[4] % 60
    stroke = f'fill="none" stroke="{INK}" stroke-opacity=".16" stroke-width="{2 + seed[5] % 4}"'
    rings = "".join(
        f'<circle cx="{x}" cy="{y}" r="{radius}" {stroke}/>'
        for radius in range(14, 100, 14 + seed[6] % 8)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="192" height="192">'
        '<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">'
        f'<stop offset="0" stop-color="hsl({hue},42%,38%)"/>'
        f'<stop offset="1" stop-color="hsl({(hue + turn) % 360},46%,24%)"/>'
        '</linearGradient></defs><rect width="100" height="100" fill="url(#g)"/>'
        f"{rings}"
        '<text x="50" y="64" font-family="sans-serif" font-size="40" font-weight="600"'
        f' text-anchor="middle" fill="{INK}">{escape(initials(title))}</text></svg>'
    )


def initials(title: str) -> str:
    """Returns the first letters of the first two words that have letters or digits."""
    words = ["".join(c for c in word if c.isalnum()) for word in title.split()]
    return "".join(word[0] for word in [w for w in words if w][:2]).upper() or "?"


def score_bars(scores: list[float]) -> str:
    """Returns thin bars one below the other, each clipped to 0..1."""
    height = 5 * len(scores) - 2
    colours = itertools.cycle(BARS)
    bars = "".join(
        _bar(5 * row, score, colour)
        for row, (score, colour) in enumerate(zip(scores, colours, strict=False))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}" width="200"'
        f' height="{2 * height}">{bars}</svg>'
    )


def _bar(y: int, value: float, colour: str) -> str:
    width = 100 * min(max(value, 0.0), 1.0)
    shape = f'x="0" y="{y}" height="3" rx="1.5"'
    return (
        f'<rect {shape} width="100" fill="{REST}" fill-opacity=".25"/>'
        f'<rect {shape} width="{width:.1f}" fill="{colour}"/>'
    )
