"""The body decides over a wrong declared type, and what is no transcript is refused by name."""

import json

import pytest

from podrec_assets.content.transcripts.formats import (
    MAX_BYTES,
    MAX_PARTS,
    TranscriptError,
    parse_transcript,
)

SRT = (
    "1\n00:00:00,000 --> 00:00:02,000\nHello friends.\n\n"
    "2\n00:00:02,000 --> 00:00:04,000\nWelcome back."
)
VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nHello friends.\n\n00:02.000 --> 00:04.000\nWelcome back."
JSON = json.dumps({"segments": [{"body": "Hello friends."}, {"body": "Welcome back."}]})
HTML = (
    "<!DOCTYPE html>\n<html><head><title>Episode 404</title></head><body><p>Hello friends.</p>"
    "<p>Welcome back.</p></body></html>"
)
TEXTS = ["Hello friends.", "Welcome back."]
URL = "https://t.example/transcript"


@pytest.mark.parametrize(
    ("body", "declared", "engine"),
    [
        *((SRT, declared, "srt/3") for declared in (None, "text/html", "text/plain", "audio/mpeg")),
        *((SRT, declared, "srt/3") for declared in ("text/vtt", "application/json")),
        *((VTT, declared, "vtt/3") for declared in (None, "text/html", "application/srt")),
        *((VTT.removeprefix("WEBVTT\n\n"), declared, "vtt/3") for declared in ("text/vtt",)),
        *((JSON, declared, "json/3") for declared in (None, "text/plain", "text/vtt", "text/html")),
        *((HTML, declared, "html/3") for declared in ("text/html", "text/plain", "text/markdown")),
        ("<p>Hello friends.</p><p>Welcome back.</p>", "text/plain", "html/3"),
        ("Hello friends.\n\nWelcome back.", "text/html", "text/3"),
        (f"\n\n{SRT}", "text/plain", "srt/3"),
        (f"<html><body><pre>{SRT.replace('>', '&gt;')}</pre></body></html>", "text/html", "html/3"),
        (f"<p>{SRT.replace(chr(10), '<br>')}</p>", "text/html", "html/3"),
    ],
)
def test_an_unmistakable_body_is_read_as_what_it_is(
    body: str, declared: str | None, engine: str
) -> None:
    parsed = parse_transcript(body.encode(), declared, URL)
    assert (parsed.engine, [s["text"] for s in parsed.segments]) == (engine, TEXTS)


def test_captions_behind_lines_of_credits_are_captions() -> None:
    body = "Subtitles\nby\nfour\npeople\n\n" + SRT
    parsed = parse_transcript(body.encode(), "text/html", URL)
    assert [s["text"] for s in parsed.segments] == TEXTS
    assert parsed.notes == ("4 words outside of cues left out",)


@pytest.mark.parametrize(
    "text",
    [
        "[Music] Hello friends.",
        "{laughs} Hello friends.",
        "At 00:00:01 she said --> look.",
        "<laughs> Hello friends.",
        "Webvtting is no word.",
    ],
)
def test_plain_text_that_begins_like_another_format_stays_plain_text(text: str) -> None:
    parsed = parse_transcript(text.encode(), "text/plain", URL)
    assert (parsed.engine, parsed.text) == ("text/3", text)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (
            b"[Script Info]\nTitle: x\n\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,Hi",
            "ASS",
        ),
        (b"\xef\xbb\xbf[Script Info]\r\n", "ASS"),
        (b'<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml"><p>Hi</p></tt>', "TTML"),
        (b"<tt:tt xmlns:tt='x'/>", "TTML"),
        (b'<?xml version="1.0"?><rss><channel/></rss>', "XML"),
        (b"0:00:00.000,0:00:02.000\nHello.\n", "SBV"),
        (b"{0}{25}Hello.\n", "MicroDVD"),
        (b"[ar:Ann]\n[ti:Bread]\n[00:12.00]Hello.", "LRC"),
        (b"{\\rtf1\\ansi Hello.}", "RTF"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (b"PK\x03\x04\x14\x00\x06\x00word/document.xml", "binary"),
        (bytes(range(32)) * 20, "binary"),
        (b"\xff\xfb\x90\x00" + bytes(range(256)) * 10, "binary"),
    ],
)
def test_other_formats_are_refused_by_name(body: bytes, name: str) -> None:
    for declared in ("text/plain", "text/vtt"):
        with pytest.raises(TranscriptError, match=name) as refused:
            parse_transcript(body, declared, URL)
        assert refused.value.reason == "unknown_format"


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>Page not found - Host</title></head><body><nav>Home</nav><p>Try a "
        "search.</p></body></html>",
        "<html><head><title>Seite nicht gefunden</title></head><body>Zur Startseite</body></html>",
        "<!doctype html><html><body><div>Host</div><h1>404</h1><p>The page you are looking "
        "for does not exist.</p></body></html>",
        "<html><body><h1>Oops! That page can\u2019t be found.</h1></body></html>",
        "<html><body>Sorry, this episode is no longer available.</body></html>",
    ],
)
def test_an_error_page_with_status_200_is_no_transcript(page: str) -> None:
    for declared in ("text/html", "text/plain", "text/vtt"):
        with pytest.raises(TranscriptError) as refused:
            parse_transcript(page.encode(), declared, URL)
        assert refused.value.reason == "error_page"


def test_a_long_page_titled_like_an_error_is_a_transcript() -> None:
    page = f"<html><title>404: not found</title><body><p>{'We talk about it. ' * 40}</p></body>"
    assert parse_transcript(page.encode(), "text/html", URL).text.startswith("We talk about it.")


@pytest.mark.parametrize(
    ("body", "declared", "reason"),
    [
        (b"a" * (MAX_BYTES + 1), "text/plain", "too_large"),
        (b"<p>" * (MAX_PARTS + 1), "text/html", "too_complex"),
        (b"<p " + b"a=1 " * (MAX_PARTS + 1) + b">", "text/html", "too_complex"),
        (
            b"WEBVTT\n\n00:00.000 --> 00:01.000\n" + b"<v A>" * MAX_PARTS + b"<",
            "text/vtt",
            "too_complex",
        ),
        (b"WEBVTT\n" + b"00:00.000 --> 00:01.000\n" * (MAX_PARTS + 2), "text/vtt", "too_complex"),
        (b"[" + b"{}," * MAX_PARTS + b"{}]", "application/json", "too_complex"),
        (b"[" + b"[]," * MAX_PARTS + b"[]]", "application/json", "too_complex"),
        (b"a\n\n" * MAX_PARTS, "text/plain", "too_complex"),
    ],
)
def test_bodies_that_would_take_minutes_are_refused(
    body: bytes, declared: str, reason: str
) -> None:
    with pytest.raises(TranscriptError) as refused:
        parse_transcript(body, declared, URL)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("charset", "served_type", "language"),
    [
        ("utf-16", None, None),
        ("utf-16-le", None, None),
        ("utf-16-be", "application/srt", None),
        ("windows-1251", "application/srt; charset=windows-1251", None),
        ("koi8-r", "text/plain; charset=KOI8-R", "en"),
        ("windows-1251", None, "ru"),
        ("windows-1251", None, "en"),
        ("utf-8", "application/srt; charset=iso-8859-1", None),
    ],
)
def test_captions_of_any_charset_are_read(
    charset: str, served_type: str | None, language: str | None
) -> None:
    words = "Привет, это час хлеба."
    body = f"1\n00:00:00,000 --> 00:00:04,000\n{words}\n".encode(charset)
    assert parse_transcript(body, None, f"{URL}.srt", served_type, language).text == words


@pytest.mark.parametrize(
    "declaration",
    ['<meta charset="windows-1251">', '<meta http-equiv="x" content="a; charset=windows-1251">'],
)
def test_a_page_may_declare_its_own_charset(declaration: str) -> None:
    page = f"<html><head>{declaration}</head><body><p>Съешь ещё хлеба</p></body></html>"
    parsed = parse_transcript(page.encode("windows-1251"), "text/html", URL)
    assert (parsed.text, parsed.notes) == ("Съешь ещё хлеба", ())
