"""Transcripts in Markdown: bold names, time marks in brackets, escaped punctuation. Pure."""

import re
from bisect import bisect_left

from podrec_assets.content.transcripts.segments import clock_seconds

_TIME = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})(?:\.(\d{1,3}))?"
_SPEAKER = re.compile(r"^\*\*([^*\n]{1,60}?)\s*:?\s*\*\*:?\s*")
_MARK = re.compile(rf"\\?\[(?:unintelligible\s+)?{_TIME}\\?\]\s*")
_ESCAPED = re.compile(r"\\([\[\]()*_#.!+`>~-])")
_LABELLED = re.compile(r"^\*\*[^*\n]{1,60}:?\s*\*\*:?\s", re.MULTILINE)


def is_markdown(text: str) -> bool:
    """Whether a text labels its speakers in bold, as `**Name:** words`."""
    return _LABELLED.search(text) is not None


def parse_markdown(text: str) -> list[tuple[float | None, str | None, str]]:
    """Returns (start in seconds, speaker, words) of each paragraph.

    A mark like [12:34] gives the time. Paragraphs between two marks get interpolated times, by
    characters; those before the first and after the last mark have none.
    """
    paragraphs: list[tuple[int, str | None, str]] = []
    marks: list[tuple[int, float]] = []
    at = 0
    for paragraph in re.split(r"\n\s*\n", text):
        words = " ".join(paragraph.split())
        speaker = _SPEAKER.match(words)
        words = words[speaker.end() :] if speaker else words
        if mark := _MARK.search(words):
            second = clock_seconds(mark.groups())
            # A mark that goes back is a typing error, or a time that somebody quotes.
            if not marks or second >= marks[-1][1]:
                marks.append((at, second))
        words = _ESCAPED.sub(r"\1", _MARK.sub("", words))
        paragraphs.append((at, speaker[1].strip() if speaker else None, words))
        at += len(words)
    return [(_interpolate(place, marks), speaker, words) for place, speaker, words in paragraphs]


def _interpolate(place: int, marks: list[tuple[int, float]]) -> float | None:
    """Returns the seconds at a character, on the line between the marks around it."""
    after = bisect_left(marks, (place, -1.0))
    if after < len(marks) and marks[after][0] == place:
        return marks[after][1]
    if after in (0, len(marks)):
        return None
    (a, start), (b, end) = marks[after - 1], marks[after]
    return round(start + (end - start) * (place - a) / (b - a), 2)
