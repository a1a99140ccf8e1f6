"""Publisher transcripts to segments: which format a body has, and whether it is a transcript."""

import re
from dataclasses import dataclass

from podrec_assets.content.html_text import plain_text
from podrec_assets.content.transcripts.cues import parse_cues
from podrec_assets.content.transcripts.html_segments import parse_html
from podrec_assets.content.transcripts.json_segments import parse_json
from podrec_assets.content.transcripts.markdown import is_markdown, parse_markdown
from podrec_assets.content.transcripts.segments import (
    TranscriptError,
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
PARSER_VERSION = 2
"""Part of a row's engine. Version 2 tells speakers from sentences with a colon."""
ERROR_WORDS = 60
"""A page that begins like an error and has fewer words is an error page."""
_ERROR = re.compile(
    r"^\W*(?:error\b|40[0134]\b|410\b|50[0-4]\b|(?:page |file )?not found"
    r"|(?:access )?(?:denied|forbidden)|bad gateway|service unavailable|internal server error"
    r"|gateway time-?out|something went wrong|just a moment)",
    re.IGNORECASE,
)
_HTML_PAGE = re.compile(r"\s*<(!doctype|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Transcript:
    """Segments (start_s, end_s, speaker, text) in order, and the parser that made them."""

    segments: list[dict]
    engine: str

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


def parse_transcript(body: bytes, content_type: str | None, url: str) -> Transcript:
    """Returns the transcript in a body.

    Raises:
        TranscriptError: reason unknown_format, error_page, empty_transcript, no_cues or bad_json.
    """
    kind = detect_format(content_type, url)
    if kind is None:
        raise TranscriptError(
            "unknown_format",
            f"{url} is {content_type!r}, not a transcript format that podrec reads.",
        )
    text = body.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if kind != "html" and _HTML_PAGE.match(text):
        raise TranscriptError("error_page", f"{url} is a web page in place of a {kind} transcript.")
    segments = [s for s in PARSERS[kind](text, url) if s["text"]]
    if not segments:
        raise TranscriptError("empty_transcript", f"{url} holds no words.")
    transcript = Transcript(segments, f"{kind}/{PARSER_VERSION}")
    if kind in ("html", "text"):
        _refuse_error_page(plain_text(text) if kind == "html" else transcript.text, url)
    return transcript


def _refuse_error_page(page: str, url: str) -> None:
    if _ERROR.match(page) and len(page.split()) < ERROR_WORDS:
        raise TranscriptError(
            "error_page", f"{url} is an error page in place of a transcript: {page[:60]!r}."
        )


def _parse_text(text: str, _url: str) -> list[dict]:
    """Returns a segment for each paragraph of Markdown or plain text."""
    if is_markdown(text):
        segments = [
            segment(start, None, speaker, words) for start, speaker, words in parse_markdown(text)
        ]
        has_times = any(s["start_s"] is not None for s in segments)
        return end_at_next_start(segments) if has_times else segments
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", text)]
    return [segment(None, None, speaker, words) for speaker, words in split_speakers(paragraphs)]


PARSERS = {
    "vtt": parse_cues,
    "srt": parse_cues,
    "json": parse_json,
    "html": parse_html,
    "text": _parse_text,
}
"""To add a format: its parser here, its names in FORMATS and EXTENSIONS."""
