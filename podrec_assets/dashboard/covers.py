"""Pictures made here, as SVG: a cover for a show without artwork, and the bars of a score. Pure:
one id, one picture.
"""

import hashlib
from xml.sax.saxutils import escape

INK = "#ffffff"
ALS, CONTENT, REST = "#14a394", "#d08a55", "#8a97a6"


def cover(show_id: str, title: str) -> str:
    """A square cover: colours and arcs from the id, initials from the title. Its text is escaped,
    for feeds may hold anything.
    """
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
        f'<stop offset="0" stop-color="hsl({hue},42%,38%)"/><stop offset="1" stop-color="hsl({(hue + turn) % 360},46%,24%)"/>'
        '</linearGradient></defs><rect width="100" height="100" fill="url(#g)"/>'
        f"{rings}"
        f'<text x="50" y="64" font-family="sans-serif" font-size="40" font-weight="600" text-anchor="middle" fill="{INK}">'
        f"{escape(initials(title))}</text></svg>"
    )


def initials(title: str) -> str:
    """The first letters of the first two words that have letters or digits."""
    words = ["".join(c for c in word if c.isalnum()) for word in title.split()]
    return "".join(word[0] for word in [w for w in words if w][:2]).upper() or "?"


def arms(als: float, cosine: float) -> str:
    """Two thin bars, each 0 to 1 of the listener's own largest: what listeners like them played,
    and what is said in it.
    """
    bars = "".join(
        f'<rect x="0" y="{y}" width="100" height="3" rx="1.5" fill="{REST}" fill-opacity=".25"/>'
        f'<rect x="0" y="{y}" width="{100 * min(max(value, 0.0), 1.0):.1f}" height="3" rx="1.5" fill="{colour}"/>'
        for y, value, colour in ((0, als, ALS), (5, cosine, CONTENT))
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 8" width="200" height="16">{bars}</svg>'
