"""Publisher transcripts to segments: which format a body has, and what of it is text."""

import re
from dataclasses import dataclass

from podrec_assets.content.html_text import clean
from podrec_assets.content.text_encoding import decode, header_charset
from podrec_assets.content.transcripts.body_format import (
    body_format,
    declared_charset,
    first_timing,
    refuse_error_page,
)
from podrec_assets.content.transcripts.cues import parse_srt, parse_vtt
from podrec_assets.content.transcripts.html_segments import parse_html
from podrec_assets.content.transcripts.json_segments import parse_json
from podrec_assets.content.transcripts.markdown import is_markdown, parse_markdown
from podrec_assets.content.transcripts.segments import (
    Parsed,
    TranscriptError,
    count_of,
    end_at_next_start,
    segment,
)
from podrec_assets.content.transcripts.speakers import split_speakers

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
"""Format by MIME type, with the aliases that real feeds use."""
EXTENSIONS = {
    "vtt": "vtt",
    "srt": "srt",
    "json": "json",
    "html": "html",
    "htm": "html",
    "txt": "text",
    "md": "text",
}
PARSER_VERSION = 3
"""Part of a row's engine. Version 3 tells what it left out."""
MAX_BYTES = 10_000_000
"""Largest body that is parsed, which takes at most seconds; a day of speech has under 1 MB."""
MAX_PARTS = 200_000
"""Most lines, tags, attributes or objects: seconds of work. A day of speech has a tenth."""
_PARTS = {"vtt": "\n<", "srt": "\n<", "text": "\n", "html": "<=", "json": "{["}
"""Characters that begin or end the parts of a format."""
_LINE_END = re.compile(r"\r+\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_REPLACEMENT = "\ufffd"
"""What a sender's software wrote for characters that it could not read."""
_MOST_DAMAGE = 0.02
"""A text with more unreadable or control characters than this share is no text."""


@dataclass(frozen=True)
class Transcript:
    """A transcript that was read.

    Attributes:
        segments: start_s, end_s, speaker and text of each, in order.
        engine: parser that made them, with its version.
        notes: what was left out.
    """

    segments: list[dict]
    engine: str
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(s["text"] for s in self.segments)


def detect_format(content_type: str | None, url: str) -> str | None:
    """Returns vtt, srt, json, html or text; None for a format that is not read.

    The MIME type decides. The file's extension decides where the type is unknown or text/plain.
    """
    by_type = FORMATS.get((content_type or "").partition(";")[0].strip().lower())
    by_extension = EXTENSIONS.get(url.partition("?")[0].rpartition(".")[2].lower())
    return by_extension if by_type in (None, "text") and by_extension else by_type


def parse_transcript(
    body: bytes,
    content_type: str | None,
    url: str,
    served_type: str | None = None,
    language: str | None = None,
) -> Transcript:
    """Returns the transcript in a body.

    Args:
        body: bytes as fetched.
        content_type: type that the feed declares, or else the server.
        url: address, for its extension and for messages.
        served_type: type that the server declares; its charset comes before the feed's.
        language: primary subtag according to the feed, for texts of undeclared encoding.

    Raises:
        TranscriptError: reason too_large, unreadable_text, unknown_format, error_page, no_cues,
            bad_json, too_complex or empty_transcript.
    """
    if len(body) > MAX_BYTES:
        raise TranscriptError(
            "too_large", f"{url} has {len(body):,} bytes, more than {MAX_BYTES:,}."
        )
    charsets = (*map(header_charset, filter(None, (served_type, content_type))),)
    decoded = decode(body, (*charsets, declared_charset(body)), language)
    text = _clean(decoded.text, url)
    kind = body_format(text, detect_format(content_type, url), url)
    if kind is None:
        raise TranscriptError(
            "unknown_format",
            f"{url} is {content_type!r}, not a transcript format that podrec reads.",
        )
    if (parts := max(map(text.count, _PARTS[kind]))) > MAX_PARTS:
        raise TranscriptError(
            "too_complex",
            f"{url} has {parts:,} lines, tags, attributes or objects, more than {MAX_PARTS:,}.",
        )
    parsed = PARSERS[kind](text, url)
    notes = [*parsed.notes, *_drop_damage(parsed.segments, url)]
    if decoded.damage:
        notes.append(decoded.damage)
    segments = [s for s in parsed.segments if s["text"]]
    if not segments:
        raise TranscriptError("empty_transcript", f"{url} holds no words{_because(notes)}.")
    transcript = Transcript(segments, f"{kind}/{PARSER_VERSION}", tuple(notes))
    if kind in ("html", "text"):
        refuse_error_page(text if kind == "html" else "", transcript.text, url)
    return transcript


def _clean(text: str, url: str) -> str:
    """Returns the text without control characters and blank ends, with LF as line ends."""
    text = _LINE_END.sub("\n", text)
    if len(text) - len(_CONTROL.sub("", text)) > _MOST_DAMAGE * len(text):
        raise TranscriptError("unknown_format", f"{url} is a binary file, not text.")
    return clean(text).strip("\ufeff \t\n")


def _drop_damage(segments: list[dict], url: str) -> list[str]:
    """Removes U+FFFD, which stands for characters that somebody could not read.

    Returns:
        A note of it, if there was any.
    """
    count = sum(s["text"].count(_REPLACEMENT) for s in segments)
    if count > _MOST_DAMAGE * sum(len(s["text"]) for s in segments):
        raise TranscriptError(
            "unreadable_text", f"{url} has {count_of(count, 'unreadable character')}."
        )
    for s in segments:
        s["text"] = re.sub(" {2,}", " ", s["text"].replace(_REPLACEMENT, "")).strip()
        s["speaker"] = (s["speaker"] or "").replace(_REPLACEMENT, "").strip() or None
    return [f"{count_of(count, 'unreadable character')} left out"] if count else []


def _because(notes: list[str]) -> str:
    return f": {'; '.join(notes)}" if notes else ""


def _parse_text(text: str, _url: str) -> Parsed:
    """Returns a segment for each paragraph of Markdown or plain text."""
    if is_markdown(text):
        segments = [
            segment(start, None, speaker, words) for start, speaker, words in parse_markdown(text)
        ]
        has_times = any(s["start_s"] is not None for s in segments)
        return Parsed(end_at_next_start(segments) if has_times else segments)
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", text)]
    return Parsed(
        [segment(None, None, speaker, words) for speaker, words in split_speakers(paragraphs)]
    )


def _parse_page(text: str, url: str) -> Parsed:
    """Returns the segments of HTML; of captions, where a page only frames them."""
    parsed = parse_html(text, url)
    shown = "\n".join(s["text"] for s in parsed.segments)
    if not first_timing(shown):
        return parsed
    captions = parse_srt(shown, url)
    return Parsed(captions.segments, [*parsed.notes, *captions.notes])


PARSERS = {
    "vtt": parse_vtt,
    "srt": parse_srt,
    "json": parse_json,
    "html": _parse_page,
    "text": _parse_text,
}
"""To add a format: its parser here, its names in FORMATS and EXTENSIONS."""
