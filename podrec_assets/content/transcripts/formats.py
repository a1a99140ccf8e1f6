"""Publisher transcripts in VTT, SRT, JSON, HTML and plain text to timed segments. Pure."""

import json
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import pairwise

from podrec_assets.content.html_text import clean, plain_text
from podrec_assets.content.transcripts.markdown import is_markdown, markdown
from podrec_assets.errors import PermanentError

FORMATS = {
    "text/vtt": "vtt",
    "text/webvtt": "vtt",
    "application/srt": "srt",
    "application/x-subrip": "srt",
    "application/subrip": "srt",
    "application/x-srt": "srt",
    "text/srt": "srt",
    "text/x-srt": "srt",
    "text/x-subrip": "srt",
    "application/vtt": "vtt",
    "application/x-webvtt": "vtt",
    "application/json": "json",
    "text/json": "json",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "text/markdown": "text",
    "text/x-markdown": "text",
}
EXTENSIONS = {
    "vtt": "vtt",
    "srt": "srt",
    "json": "json",
    "html": "html",
    "htm": "html",
    "txt": "text",
    "md": "text",
}
PARSER_VERSION = 2
"""Part of a row's engine: 2 tells speakers from sentences with a colon."""
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}.*$")
_TAG = re.compile(r"<[^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^\s<>][^<>]*)>")
_OPENING = re.compile(r"<(cite|time|p)\b[^<>]*>", re.IGNORECASE)
_CLOSING = re.compile(r"</(cite|time|p)>", re.IGNORECASE)
_LABEL = re.compile(r"^(?:>>|-)?\s*([^\W\d_][\w.'\u2019 -]{0,40}?):\s+(?=\S)")
_ASIDE = re.compile(r"[\[(\u266a][^\])]*[\])\u266a]?")
_PARTICLES = {
    "al",
    "da",
    "de",
    "del",
    "der",
    "di",
    "du",
    "el",
    "la",
    "le",
    "of",
    "the",
    "van",
    "von",
    "y",
}
_SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*$")
RECURRING = 3
"""A label that comes this often is a speaker even in a file whose first words have none."""
_ERROR = re.compile(
    r"^\W*(?:error\b|40[0134]\b|410\b|50[0-4]\b|(?:page |file )?not found|(?:access )?(?:denied|forbidden)|bad gateway"
    r"|service unavailable|internal server error|gateway time-?out|something went wrong|just a moment)",
    re.IGNORECASE,
)
ERROR_WORDS = 60
"""A page that begins like an error and has fewer words is one."""


class TranscriptError(PermanentError):
    """A transcript cannot be used; `reason` is the code for its dead letter."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Transcript:
    """Segments (start_s, end_s, speaker, text) in order, and the format they came in. Times are
    null in untimed formats.
    """

    segments: list[dict]
    engine: str

    @property
    def text(self) -> str:
        return " ".join(s["text"] for s in self.segments)


def detect_format(content_type: str | None, url: str) -> str | None:
    """vtt, srt, json, html or text, by MIME type (with the aliases that real feeds use), else by
    the file's extension.
    """
    kind = FORMATS.get((content_type or "").partition(";")[0].strip().lower())
    extension = EXTENSIONS.get(url.partition("?")[0].rpartition(".")[2].lower())
    return extension if kind in (None, "text") and extension else kind


def parse_transcript(body: bytes, content_type: str | None, url: str) -> Transcript:
    """The transcript in a body.

    Raises:
        TranscriptError: unknown format, an error page in place of a transcript, no words, or broken
            syntax.
    """
    kind = detect_format(content_type, url)
    if kind is None:
        raise TranscriptError(
            "unknown_format",
            f"{url} is {content_type!r}, not a transcript format that podrec reads.",
        )
    text = body.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if kind != "html" and re.match(r"\s*<(!doctype|html|head|body)\b", text, re.IGNORECASE):
        raise TranscriptError("error_page", f"{url} is a web page in place of a {kind} transcript.")
    parse = {"vtt": _cues, "srt": _cues, "json": _json, "html": _html, "text": _text}[kind]
    segments = [s for s in parse(text, url) if s["text"]]
    if not segments:
        raise TranscriptError("empty_transcript", f"{url} holds no words.")
    found = Transcript(segments, f"{kind}/{PARSER_VERSION}")
    whole = plain_text(text) if kind == "html" else found.text
    if kind in ("html", "text") and _ERROR.match(whole) and len(whole.split()) < ERROR_WORDS:
        raise TranscriptError(
            "error_page", f"{url} is an error page in place of a transcript: {whole[:60]!r}."
        )
    return found


def _cues(text: str, url: str) -> list[dict]:
    """VTT and SRT: blocks with a timing line; the text is what follows it up to an empty line."""
    times, voices, said = [], [], []
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().split("\n")
        at = next((i for i, line in enumerate(lines) if _CUE.match(line)), None)
        if at is None:
            continue
        times.append(_CUE.match(lines[at]).groups())  # type: ignore[union-attr]
        words = "\n".join(lines[at + 1 :])
        voice = _VOICE.search(words)
        voices.append(voice.group(1).strip() if voice else None)
        said.append(" ".join(unescape(_TAG.sub(" ", words)).split()))
    if not said and text.strip() not in ("", "WEBVTT"):
        raise TranscriptError("no_cues", f"{url} has no timed cues.")
    named = list(zip(voices, said, strict=True)) if any(voices) else _speakers(said)
    segments, speaker = [], None
    for clock, (name, words) in zip(times, named, strict=True):
        speaker = name or speaker
        segments.append(_segment(_seconds(clock[:4]), _seconds(clock[4:]), speaker, words))
    return segments


def _json(text: str, url: str) -> list[dict]:
    try:
        document = json.loads(text)
        listed = document.get("segments", []) if isinstance(document, dict) else document
        speaker, segments = None, []
        for item in listed:
            named = item.get("speaker")
            speaker = named if named and isinstance(named, str) else speaker
            start, end = (
                item.get(k, item.get(other))
                for k, other in (("startTime", "start"), ("endTime", "end"))
            )
            words = " ".join(str(item.get("body") or item.get("text") or "").split())
            segments.append(_segment(_optional(start), _optional(end), speaker, words))
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError) as err:
        raise TranscriptError(
            "bad_json", f"{url} is not a JSON transcript: {str(err)[:100]}"
        ) from err
    return segments


def _html(text: str, url: str) -> list[dict]:
    """Paragraphs; <cite> names the speaker and <time> the start, as the podcast namespace's HTML
    has it.
    """
    segments, speaker, start = [], None, None
    for tag, inner in _elements(text):
        words = plain_text(inner)
        if tag == "cite":
            speaker = words.rstrip(":") or None
        elif tag == "time":
            start = _clock(words)
        elif words:
            segments.append(_segment(start, None, speaker, words))
    return _closed(segments) if segments else [_segment(None, None, None, plain_text(text))]


def _elements(html: str) -> Iterator[tuple[str, str]]:
    """(tag, inner) from an opening tag to the next closing one of its kind. One regex for both is
    quadratic where none closes.
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


def _text(text: str, url: str) -> list[dict]:
    if is_markdown(text):
        said = [_segment(start, None, speaker, words) for start, speaker, words in markdown(text)]
        return _closed(said) if any(s["start_s"] is not None for s in said) else said
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", text)]
    return [_segment(None, None, speaker, words) for speaker, words in _speakers(paragraphs)]


def _speakers(said: list[str]) -> list[tuple[str | None, str]]:
    """(speaker that a cue names, its words without the name) of each cue or paragraph.

    "Name: words" is a label only where the file labels its speakers: its first words have one, or
    this label recurs. Every word of a name begins with a capital or a digit. A name that comes once
    must also begin a sentence and be followed by one: "Two things: first" and a sentence that runs
    on into "Simple: stop." name nobody.
    """
    found = [_label(words) for words in said]
    counts = Counter(label[0] for label in found if label)
    spoken = [n for n, words in enumerate(said) if words and not _ASIDE.fullmatch(words)]
    is_labelled = bool(spoken) and found[spoken[0]] is not None
    result: list[tuple[str | None, str]] = []
    before = ""
    for label, words in zip(found, said, strict=True):
        starts = not before or bool(_SENTENCE_END.search(before))
        is_name = label and (
            counts[label[0]] >= RECURRING
            or (
                is_labelled
                and (
                    counts[label[0]] > 1
                    or (starts and (label[1][0].isupper() or not label[1][0].isalpha()))
                )
            )
        )
        result.append(label if label and is_name else (None, words))
        before = words if words and not _ASIDE.fullmatch(words) else before
    return result


def _label(words: str) -> tuple[str, str] | None:
    """(name, what follows it) of words that begin as a speaker's label does."""
    found = _LABEL.match(words)
    if not found:
        return None
    parts = found[1].split()
    is_name = (
        all(p[0].isupper() or p[0].isdigit() or p in _PARTICLES for p in parts)
        and parts[0][0].isupper()
    )
    return (found[1].strip(), words[found.end() :]) if is_name else None


def _segment(start: float | None, end: float | None, speaker: str | None, text: str) -> dict:
    return {
        "start_s": start,
        "end_s": end,
        "speaker": clean(speaker or "") or None,
        "text": clean(text),
    }


def _closed(segments: list[dict]) -> list[dict]:
    """Segments whose end is the next one's start."""
    for one, after in pairwise(segments):
        one["end_s"] = after["start_s"]
    return segments


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return (
        int(hours or 0) * 3600
        + int(minutes or 0) * 60
        + int(seconds or 0)
        + float(f"0.{fraction or 0}")
    )


def _clock(text: str) -> float | None:
    found = re.fullmatch(_TIME, text.strip())
    return _seconds(found.groups()) if found else None


def _optional(value: object) -> float | None:
    seconds = None if value is None else float(value)  # type: ignore[arg-type]
    return seconds if seconds is not None and math.isfinite(seconds) else None
