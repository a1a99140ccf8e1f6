"""JSON transcripts: the podcast namespace's `segments`, and bare lists as Whisper writes them."""

import json
import math

from podrec_assets.content.transcripts.segments import TranscriptError, segment


def parse_json(text: str, url: str) -> list[dict]:
    """Returns a segment for each item; a speaker stays until the next one is named.

    Raises:
        TranscriptError: reason bad_json.
    """
    try:
        document = json.loads(text)
        items = document.get("segments", []) if isinstance(document, dict) else document
        speaker, segments = None, []
        for item in items:
            name = item.get("speaker")
            speaker = name if name and isinstance(name, str) else speaker
            start = _seconds(item.get("startTime", item.get("start")))
            end = _seconds(item.get("endTime", item.get("end")))
            words = " ".join(str(item.get("body") or item.get("text") or "").split())
            segments.append(segment(start, end, speaker, words))
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError) as err:
        raise TranscriptError(
            "bad_json", f"{url} is not a JSON transcript: {str(err)[:100]}"
        ) from err
    return segments


def _seconds(value: object) -> float | None:
    seconds = None if value is None else float(value)  # type: ignore[arg-type]
    return seconds if seconds is not None and math.isfinite(seconds) else None
