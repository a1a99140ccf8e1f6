"""Which format a body has, whatever its declared type says, and whether it is an error page."""

import re

from podrec_assets.content.transcripts.cues import is_timing
from podrec_assets.content.transcripts.segments import TranscriptError

ERROR_WORDS = 60
"""A page that begins like an error and has fewer words is an error page."""
ERROR_CHARACTERS = 2000
TITLE_ERROR_WORDS = 150
"""The same for a page whose title names an error."""
BEGINNING_CHARACTERS = 4000
"""Characters in which the first clock times of captions stand."""
_WEBVTT = re.compile(r"WEBVTT(?!\w)", re.IGNORECASE)
_HTML_PAGE = re.compile(
    r"(?:<\?xml[^<>]{0,200}>\s*)?(?:<!--[^<>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE,
)
_HTML_PART = re.compile(
    r"<(?:p|div|cite|time|h[1-6]|ul|ol|table|section|article|main|blockquote|span)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-zA-Z!/]")
_JSON = re.compile(r"\{\s*[\"}]|\[\s*\{")
_OTHERS = (
    ("SSA or ASS subtitles", re.compile(r"\[Script Info\]", re.IGNORECASE)),
    ("TTML subtitles", re.compile(r"(?:<\?xml[^<>]{0,200}>\s*)?<(?:\w{1,9}:)?tt\b")),
    ("a feed or other XML", re.compile(r"<\?xml|<rss\b|<feed\b")),
    ("SBV subtitles", re.compile(r"\d{1,2}:\d\d:\d\d\.\d{3},\d{1,2}:\d\d:\d\d\.\d{3}\s*\n")),
    ("MicroDVD subtitles", re.compile(r"\{\d+\}\{\d+\}")),
    ("LRC lyrics", re.compile(r"(?:\[[a-z]{2,6}:[^\]\n]*\]\s*)+\[\d\d:\d\d[.:]\d\d")),
    ("an RTF document", re.compile(r"\{\\rtf")),
    ("a PDF document", re.compile(r"%PDF-")),
)
"""Beginnings of files that are no transcript which podrec reads."""
_ERROR = re.compile(
    r"^\W*(?:error\b|40[0134]\b|410\b|50[0-4]\b|(?:page |file )?not found"
    r"|(?:access )?(?:denied|forbidden)|bad gateway|service unavailable|internal server error"
    r"|gateway time-?out|something went wrong|just a moment)"
    r"|\b(?:page|file|episode|content)\b.{0,60}(?:not found|(?:not|n['\u2019]t) (?:be found|exist)"
    r"|no longer (?:available|exists))",
    re.IGNORECASE | re.DOTALL,
)
_ERROR_TITLE = re.compile(
    r"^\W*(?:error|40[0134]|410|50[0-4])\b|\berror\W*\d{3}|not found|forbidden|access denied"
    r"|unavailable|just a moment|attention required|nicht gefunden|introuvable|no encontrada"
    r"|n\u00e3o encontrada|non trovata|niet gevonden"
    r"|\u043d\u0435 \u043d\u0430\u0439\u0434\u0435\u043d\u0430",
    re.IGNORECASE,
)
_DECLARED_CHARSET = re.compile(
    rb"<meta\b[^<>]{0,200}\bcharset\s*=\s*[\"']?([\w.:-]{1,40})"
    rb"|<\?xml[^<>]{0,200}\bencoding\s*=\s*[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
_DECLARATION_BYTES = 2048
_TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,500})", re.IGNORECASE)


def declared_charset(body: bytes) -> str | None:
    """Returns the charset that a page declares for itself."""
    match = _DECLARED_CHARSET.search(body[:_DECLARATION_BYTES])
    return (match[1] or match[2]).decode("ascii", errors="ignore") if match else None


def body_format(text: str, declared: str | None, url: str) -> str | None:
    """Returns the format of a text: what its beginning shows, or else the declared one.

    Raises:
        TranscriptError: reason unknown_format for a format that podrec does not read, or
            error_page for a web page where captions or JSON were declared.
    """
    begins = text.lstrip()
    if _WEBVTT.match(begins):
        return "vtt"
    if _HTML_PAGE.match(begins):
        if declared in ("vtt", "srt", "json"):
            raise TranscriptError(
                "error_page", f"{url} is a web page in place of a {declared} transcript."
            )
        return declared and "html"
    for name, pattern in _OTHERS:
        if pattern.match(begins):
            raise TranscriptError("unknown_format", f"{url} is {name}, which podrec does not read.")
    if timing := first_timing(begins):
        has_comma = "," in timing.partition(">")[0]
        return "vtt" if declared == "vtt" and not has_comma else "srt"
    return "json" if _JSON.match(begins) else _text_format(text, declared)


def _text_format(text: str, declared: str | None) -> str | None:
    """Returns the format of a text that may be HTML without its frame, or HTML by name only."""
    if declared == "text" and _HTML_PART.match(text.lstrip()):
        return "html"
    return "text" if declared == "html" and not _TAG.search(text) else declared


def refuse_error_page(html: str, text: str, url: str) -> None:
    """Raises TranscriptError, reason error_page, for a short page that names an error."""
    words = len(text.split())
    title = _TITLE.search(html)
    is_error = words < ERROR_WORDS and _ERROR.search(text[:ERROR_CHARACTERS])
    is_titled = words < TITLE_ERROR_WORDS and title and _ERROR_TITLE.search(title[1])
    if is_error or is_titled:
        raise TranscriptError(
            "error_page", f"{url} is an error page in place of a transcript: {text[:60]!r}."
        )


def first_timing(text: str) -> str | None:
    """Returns the first line with the clock times of a caption, which shows that text is one."""
    return next(filter(is_timing, text[:BEGINNING_CHARACTERS].split("\n")), None)
