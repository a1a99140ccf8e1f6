"""HTML transcripts as the podcast namespace defines them: <cite>, <time> and <p>. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from podrec_assets.content.html_text import plain_text
from podrec_assets.content.transcripts.segments import (
    CLOCK,
    clock_seconds,
    end_at_next_start,
    segment,
)

_OPENING = re.compile(r"<(cite|time|p)\b[^<>]*>", re.IGNORECASE)
_CLOSING = re.compile(r"</(cite|time|p)>", re.IGNORECASE)


def parse_html(text: str, _url: str) -> list[dict]:
    """Returns a segment for each paragraph, or one for a page without paragraphs.

    <cite> names the speaker and <time> the start of the paragraphs that follow.
    """
    segments, speaker, start = [], None, None
    for tag, inner in _elements(text):
        words = plain_text(inner)
        if tag == "cite":
            speaker = words.rstrip(":") or None
        elif tag == "time":
            clock = re.fullmatch(CLOCK, words.strip())
            start = clock_seconds(clock.groups()) if clock else None
        elif words:
            segments.append(segment(start, None, speaker, words))
    if not segments:
        return [segment(None, None, None, plain_text(text))]
    return end_at_next_start(segments)


def _elements(html: str) -> Iterator[tuple[str, str]]:
    """Yields (tag, inner HTML) from an opening tag to the next closing tag of its kind.

    One regular expression for both tags would be quadratic where none closes.
    """
    closings: dict[str, list[int]] = {"cite": [], "time": [], "p": []}
    for closing in _CLOSING.finditer(html):
        closings[closing[1].lower()].append(closing.start())
    at = 0
    for opening in _OPENING.finditer(html):
        ends = closings[opening[1].lower()]
        number = bisect_left(ends, opening.end())
        if opening.start() >= at and number < len(ends):
            yield opening[1].lower(), html[opening.end() : ends[number]]
            at = ends[number]
