"""WebVTT and SRT: timed cues to segments. Pure.

Hand-written because hosts serve both formats broken: without the header, with times of one part or
one digit, with NOTE blocks anywhere. webvtt-py refuses or misreads these, and srt takes ten seconds
for a thousand zeros (ADR 0015).
"""

import re
from html import unescape

from podrec_assets.content.transcripts.segments import (
    CLOCK,
    TranscriptError,
    clock_seconds,
    segment,
)
from podrec_assets.content.transcripts.speakers import split_speakers

_TIMING = re.compile(rf"^\s*{CLOCK}\s*-->\s*{CLOCK}.*$")
_TAG = re.compile(r"<[^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^\s<>][^<>]*)>")


def parse_cues(text: str, url: str) -> list[dict]:
    """Returns a segment for each block with a timing line; its text follows up to an empty line.

    Speakers come from voice tags, or from labels where the file has no voice tags. A speaker
    stays until the next one is named.

    Raises:
        TranscriptError: reason no_cues.
    """
    times, voices, texts = [], [], []
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().split("\n")
        timing = next(((n, m) for n, line in enumerate(lines) if (m := _TIMING.match(line))), None)
        if timing is None:
            continue
        number, match = timing
        payload = "\n".join(lines[number + 1 :])
        voice = _VOICE.search(payload)
        times.append(match.groups())
        voices.append(voice.group(1).strip() if voice else None)
        texts.append(" ".join(unescape(_TAG.sub(" ", payload)).split()))
    if not texts and text.strip() not in ("", "WEBVTT"):
        raise TranscriptError("no_cues", f"{url} has no timed cues.")
    named = list(zip(voices, texts, strict=True)) if any(voices) else split_speakers(texts)
    segments, speaker = [], None
    for clock, (name, words) in zip(times, named, strict=True):
        speaker = name or speaker
        segments.append(segment(clock_seconds(clock[:4]), clock_seconds(clock[4:]), speaker, words))
    return segments
