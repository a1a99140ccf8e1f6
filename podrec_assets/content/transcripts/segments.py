"""The segment that every transcript parser returns, and its clock times. Pure."""

from dataclasses import dataclass, field
from itertools import pairwise

from podrec_assets.content.html_text import clean
from podrec_assets.errors import PermanentError

CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
"""A clock time as a regular expression with the groups of `clock_seconds`."""


class TranscriptError(PermanentError):
    """A transcript cannot be used; `reason` is the code of its dead letter."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass
class Parsed:
    """What a parser read: segments in order, and notes on what it left out."""

    segments: list[dict]
    notes: list[str] = field(default_factory=list)


def segment(start_s: float | None, end_s: float | None, speaker: str | None, text: str) -> dict:
    """Returns one segment; times are null in untimed formats."""
    return {
        "start_s": start_s,
        "end_s": end_s,
        "speaker": clean(speaker or "") or None,
        "text": clean(text).strip(),
    }


def end_at_next_start(segments: list[dict]) -> list[dict]:
    """Returns the segments, each ending where the next one starts."""
    for current, following in pairwise(segments):
        current["end_s"] = following["start_s"]
    return segments


def clock_seconds(parts: tuple[str | None, ...]) -> float:
    """Returns the seconds of a clock time given as (hours, minutes, seconds, fraction)."""
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return float(f"{whole}.{fraction or 0}")


def count_of(count: int, noun: str) -> str:
    """Returns a count with its noun, such as "1 word" or "2 words"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
