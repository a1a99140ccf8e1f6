"""Writes an episode's lines as the transcript files that publishers offer. Pure."""

import json

from podrec_assets.sample_world.library import Line

LINKS = {
    "vtt": ("text/vtt", "vtt"),
    "srt": ("application/srt", "srt"),
    "subrip": ("application/x-subrip", "srt"),
    "json": ("application/json", "json"),
}
"""Format name in a show's file -> MIME type and file extension. Real feeds use both SRT types."""


def render(kind: str, lines: tuple[Line, ...]) -> bytes:
    """Returns the transcript in a format of LINKS, UTF-8."""
    write = {"vtt": _vtt, "srt": _srt, "json": _json}[LINKS[kind][1]]
    return write(lines).encode()


def _vtt(lines: tuple[Line, ...]) -> str:
    cues = (
        f"{_clock(x.start_s, '.')} --> {_clock(x.end_s, '.')}\n<v {x.speaker}>{x.text}\n"
        for x in lines
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def _srt(lines: tuple[Line, ...]) -> str:
    cues = (
        f"{n}\n{_clock(x.start_s, ',')} --> {_clock(x.end_s, ',')}\n{x.speaker}: {x.text}\n"
        for n, x in enumerate(lines, start=1)
    )
    return "\n".join(cues)


def _json(lines: tuple[Line, ...]) -> str:
    """Returns JSON of the podcast namespace, version 1.0.0."""
    segments = [
        {"speaker": x.speaker, "startTime": x.start_s, "endTime": x.end_s, "body": x.text}
        for x in lines
    ]
    return json.dumps({"version": "1.0.0", "segments": segments}, ensure_ascii=False)


def _clock(seconds: float, point: str) -> str:
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milli:03}"
