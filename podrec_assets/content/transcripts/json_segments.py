"""JSON transcripts: of the podcast namespace, and as speech recognisers write them. Pure."""

import json
import math
import re
from collections.abc import Iterator

from podrec_assets.content.transcripts.segments import (
    CLOCK,
    Parsed,
    TranscriptError,
    clock_seconds,
    count_of,
    segment,
)

SHAPES = (
    ("segments",),  # podcast namespace, Whisper, faster-whisper
    ("transcription",),  # whisper.cpp
    ("transcripts",),  # Podlove
    ("utterances",),  # AssemblyAI
    ("results", "utterances"),  # Deepgram
    ("results", "channels", 0, "alternatives", 0, "words"),
    ("words",),
)
"""Where known formats keep their list of items; the first that holds one is read."""
_TEXTS = ("body", "text", "transcript", "punctuated_word", "word")
_MILLISECONDS = {("utterances",), ("words",)}
"""Shapes of AssemblyAI, whose whole numbers are milliseconds."""


def parse_json(text: str, url: str) -> Parsed:
    """Returns a segment for each item; a speaker stays until the next one is named.

    Raises:
        TranscriptError: reason bad_json, or unknown_format for JSON of another shape.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise TranscriptError("bad_json", f"{url} is not JSON: {str(err)[:100]}.") from err
    shape, items = _items(document, url)
    if stray := next((i for i in items if i is not None and not isinstance(i, dict)), None):
        raise TranscriptError(
            "bad_json",
            f"{url} is not a JSON transcript: {str(stray)[:60]!r} stands in place of a segment.",
        )
    speaker, segments, silent = None, [], 0
    for item in filter(None, items):
        speaker = _speaker(item.get("speaker")) or speaker
        words = _words(item)
        silent += words is None
        start, end = _times(item, shape in _MILLISECONDS)
        segments.append(segment(start, end, speaker, words or ""))
    notes = [f"{count_of(silent, 'JSON item')} without a known field of text left out"]
    return Parsed(segments, notes if silent else [])


def _items(document: object, url: str) -> tuple[tuple, list]:
    """Returns (shape, its list of items)."""
    if isinstance(document, list):
        return (), document
    if document == {}:
        return (), []
    has_text = isinstance(document, dict) and bool(document.get("text"))
    for shape in SHAPES:
        value = document
        for key in shape:
            value = next(_at(value, key), None)
        if isinstance(value, list) and (value or (shape == SHAPES[0] and not has_text)):
            return shape, value
    if not isinstance(document, dict) or ("segments" in document and not has_text):
        raise TranscriptError(
            "bad_json", f"{url} is not a JSON transcript: it has no list of segments."
        )
    keys = ", ".join(map(repr, list(document)[:8]))
    raise TranscriptError(
        "unknown_format",
        f"{url} is JSON of a form that podrec does not read: an object with {keys[:200]}.",
    )


def _at(value: object, key: object) -> Iterator[object]:
    if isinstance(value, dict) and key in value:
        yield value[key]
    elif isinstance(value, list) and key == 0:
        yield from value[:1]


def _words(item: dict) -> str | None:
    """Returns the words of an item, "" for empty ones; None where no field of text is known."""
    values = [None if (v := item[name]) is False else v for name in _TEXTS if name in item]
    spoken = [str(v) for v in values if isinstance(v, str | int | float) and str(v)]
    if spoken:
        return " ".join(spoken[0].split())
    return "" if None in values or "" in values else None


def _speaker(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return f"Speaker {value}" if is_number else None


def _times(item: dict, in_ms: bool) -> tuple[float | None, float | None]:
    offsets, stamps = item.get("offsets"), item.get("timestamps")
    if isinstance(offsets, dict):  # whisper.cpp
        return _seconds(offsets.get("from"), True), _seconds(offsets.get("to"), True)
    if isinstance(stamps, dict):
        return _seconds(stamps.get("from"), False), _seconds(stamps.get("to"), False)
    pairs = ((("startTime", "start")), (("endTime", "end")))
    start, end = (next((item[k] for k in keys if k in item), None) for keys in pairs)
    return _seconds(start, in_ms), _seconds(end, in_ms)


def _seconds(value: object, in_ms: bool) -> float | None:
    """Returns the seconds of a number or a clock time; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (clock := re.fullmatch(CLOCK, value.strip())):
        return clock_seconds(clock.groups())
    try:
        seconds = float(value) / (1000 if in_ms and isinstance(value, int) else 1)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
