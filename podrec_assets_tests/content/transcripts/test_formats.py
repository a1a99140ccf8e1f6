"""Publisher transcripts of five formats become segments, or are refused with a reason."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from podrec_assets.content.transcripts.formats import (
    TranscriptError,
    detect_format,
    parse_transcript,
)
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets_tests.content.growth import assert_linear

VTT = """WEBVTT - a title

NOTE 00:00:09.000 is no cue

STYLE
::cue { color: red }

intro
00:01.500 --> 00:00:03.000 align:start
<v.loud Ann Lee>Hello <b>there</b>,
you.

1:00:00.250 --> 01:00:02.000
Q&amp;A &lt;3

2
01:00:02.000 --> 01:00:03.000
<v Bo>One thing: bye."""
SRT = """1
00:00:01,500 --> 00:00:03,000
Ann Lee: Hello there,
you.

2
01:00:00,250 --> 01:00:02,000
More: of this.

3
01:00:02,000 --> 01:00:03,000
Bo: Bye."""
JSON = """{"version": "1.0.0", "segments": [
 {"speaker": "Ann", "startTime": 1.5, "endTime": 3, "body": "Hello  there"},
 {"startTime": "4", "endTime": null, "body": "again"}, {"speaker": 7, "body": " "},
 {"speaker": "Bo", "body": "Bye."}]}"""
BARE_JSON = (
    '[{"start": 0, "end": 1, "text": "one"}, {"start": 1, "end": 2, "text": "two", "speaker": '
    '"Bo"}]'
)
HTML = """<cite>Ann:</cite><time>0:05</time><p class="x">Hello<br>there &amp; you</p>
<p></p><CITE>Bo:</CITE>\n<time>1:00:10</time>\n<P>Bye.</P><time>soon</time><p>Last</p>"""
TEXT = (
    "Ann Lee: Hello\nthere.\n\n\nNobody is named when the colon comes this late: see "
    "https://a.example.\n\nBo: Bye."
)


def segments(body: str | bytes, extension: str) -> list[tuple]:
    raw = body if isinstance(body, bytes) else body.encode()
    parsed = parse_transcript(raw, None, f"https://t.example/1.{extension}")
    assert parsed.text == " ".join(s["text"] for s in parsed.segments)
    return [(s["start_s"], s["end_s"], s["speaker"], s["text"]) for s in parsed.segments]


@pytest.mark.parametrize(
    ("extension", "body", "expected"),
    [
        (
            "vtt",
            VTT,
            [
                (1.5, 3.0, "Ann Lee", "Hello there, you."),
                (3600.25, 3602.0, None, "Q&A <3"),
                (3602.0, 3603.0, "Bo", "One thing: bye."),
            ],
        ),
        (
            "srt",
            SRT,
            [
                (1.5, 3.0, "Ann Lee", "Hello there, you."),
                (3600.25, 3602.0, "Ann Lee", "More: of this."),
                (3602.0, 3603.0, "Bo", "Bye."),
            ],
        ),
        (
            "json",
            JSON,
            [
                (1.5, 3.0, "Ann", "Hello there"),
                (4.0, None, "Ann", "again"),
                (None, None, "Bo", "Bye."),
            ],
        ),
        ("json", BARE_JSON, [(0.0, 1.0, None, "one"), (1.0, 2.0, "Bo", "two")]),
        (
            "html",
            HTML,
            [
                (5.0, 3610.0, "Ann", "Hello\nthere & you"),
                (3610.0, None, "Bo", "Bye."),
                (None, None, "Bo", "soon"),
                (None, None, "Bo", "Last"),
            ],
        ),
        (
            "html",
            "<div>No paragraphs</div>here",
            [(None, None, None, "No paragraphs"), (None, None, None, "here")],
        ),
        (
            "txt",
            TEXT,
            [
                (None, None, "Ann Lee", "Hello there."),
                (
                    None,
                    None,
                    None,
                    "Nobody is named when the colon comes this late: see https://a.example.",
                ),
                (None, None, "Bo", "Bye."),
            ],
        ),
    ],
    ids=["vtt", "srt", "json", "json list", "html", "html without paragraphs", "text"],
)
def test_a_transcript_becomes_these_segments(
    extension: str, body: str, expected: list[tuple]
) -> None:
    assert segments(body, extension) == expected


@pytest.mark.parametrize(
    "change",
    [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")],
    ids=["BOM", "CRLF"],
)
@pytest.mark.parametrize(
    ("extension", "body"), [("vtt", VTT), ("srt", SRT), ("txt", TEXT), ("json", JSON)]
)
def test_byte_order_marks_and_line_ends_change_nothing(
    extension: str, body: str, change: Callable[[bytes], bytes]
) -> None:
    assert segments(change(body.encode()), extension) == segments(body, extension)


@pytest.mark.parametrize(
    ("content_type", "url", "kind"),
    [
        ("text/vtt; charset=utf-8", "x", "vtt"),
        ("Application/X-SubRip", "x", "srt"),
        ("application/json", "x.vtt", "json"),
        ("text/plain", "x.srt?token=1", "srt"),
        ("text/plain", "x", "text"),
        ("application/octet-stream", "x.VTT", "vtt"),
        (None, "x.htm", "html"),
        ("audio/mpeg", "x.mp3", None),
        (None, "x", None),
    ],
)
def test_the_extension_decides_only_where_the_type_is_vague(
    content_type: str | None, url: str, kind: str | None
) -> None:
    assert detect_format(content_type, url) == kind


@pytest.mark.parametrize(
    ("extension", "body", "reason"),
    [
        pytest.param("mp3", "x", "unknown_format", id="audio"),
        pytest.param("vtt", " <!DOCTYPE html><p>502", "error_page", id="error page as VTT"),
        pytest.param("json", "<HTML><body>404", "error_page", id="error page as JSON"),
        pytest.param("txt", "<html>", "empty_transcript", id="empty page as text"),
        pytest.param("vtt", "", "empty_transcript", id="no bytes"),
        pytest.param("vtt", "WEBVTT\n", "empty_transcript", id="only the header"),
        pytest.param(
            "vtt",
            "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann> \n",
            "empty_transcript",
            id="silent cue",
        ),
        pytest.param("srt", "just words", "no_cues", id="words without cues"),
        pytest.param(
            "vtt",
            f"WEBVTT\n\n{'9' * 5000}:00:00.000 --> {'9' * 400}:00:01.000\nhi",
            "no_cues",
            id="endless hours",
        ),
        pytest.param("json", "{", "bad_json", id="cut off"),
        pytest.param("json", "[" * 100_000, "bad_json", id="deep"),
        pytest.param("json", '"words"', "bad_json", id="a text"),
        pytest.param("json", '{"segments": {"a": 1}}', "bad_json", id="an object as list"),
        pytest.param("json", '["words"]', "bad_json", id="texts in place of segments"),
        pytest.param("json", "{}", "empty_transcript", id="no segments"),
        pytest.param("json", '[{"body": null}]', "empty_transcript", id="null words"),
        pytest.param("html", "<p>" * 100, "empty_transcript", id="no words"),
    ],
)
def test_unusable_bodies_are_refused_with_a_reason(
    extension: str, body: bytes | str, reason: str
) -> None:
    with pytest.raises(TranscriptError) as refused:
        segments(body, extension)
    assert (refused.value.reason, "https://t.example/1." in str(refused.value)) == (reason, True)


def test_json_values_that_fit_no_column_are_dropped_and_their_words_kept() -> None:
    body = (
        r'[{"speaker": {"name": "A"}, "start": NaN, "end": 1e999, "text": "h\ud800i\u0000"}, '
        r'{"speaker": "\udfff", "text": 5}]'
    )
    parsed = parse_transcript(body.encode(), "application/json", "x")
    assert [(s["start_s"], s["end_s"], s["speaker"], s["text"]) for s in parsed.segments] == [
        (None, None, None, "hi"),
        (None, None, None, "5"),
    ]
    assert TRANSCRIPTS.rows([{"segments": parsed.segments}])["segments"].to_pylist() == [
        parsed.segments
    ]


@pytest.mark.parametrize(
    ("extension", "head", "part", "tail"),
    [
        ("vtt", "00:00.000 --> 00:01.000\nhi ", "<", ""),
        ("vtt", "00:00.000 --> 00:01.000\nhi ", "<v ", ""),
        ("vtt", "00:00.000 --> 00:01.000\nhi <v", " ", ""),
        ("html", "<div>hi", "<p>", ""),
        ("html", "<div>hi", "<p ", ">"),
        ("txt", "hi", "\n ", "x"),
    ],
    ids=["angles", "voices", "spaces", "paragraphs", "open paragraphs", "lines"],
)
def test_hostile_transcripts_cost_linear_time(
    extension: str, head: str, part: str, tail: str
) -> None:
    def read(count: int) -> None:
        assert segments(head + part * count + tail, extension)[0][3].startswith("hi")

    assert_linear(read, 2_000)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (
            "text/html",
            "<html><head><title>x</title></head><body><h1>404 Not Found</h1><hr>nginx</body>"
            "</html>",
        ),
        ("text/html", "<h1>Access denied</h1><p>You do not have permission.</p>"),
        ("text/plain", "Not found\n"),
        ("text/plain", "503 Service Unavailable"),
    ],
)
def test_an_error_page_is_refused_even_where_its_type_is_a_format(
    content_type: str, body: str
) -> None:
    with pytest.raises(TranscriptError) as refused:
        parse_transcript(body.encode(), content_type, "https://t.example/1")
    assert refused.value.reason == "error_page"


def test_a_long_text_that_begins_like_an_error_is_a_transcript() -> None:
    text = "Not found is what the server said. " + "So we talked about it for an hour. " * 20
    assert parse_transcript(text.encode(), "text/plain", "x").text.startswith("Not found is")


@pytest.mark.parametrize(
    ("extension", "count", "words", "speakers", "first", "last"),
    [
        (
            "srt",
            222,
            2492,
            {"Travis", "Gilon", "Sarah"},
            (0.179, 2.399, "Travis", "When you first get started in podcasting"),
            (752.671, 754.769, "Travis", "best thing to do is to batch your episodes."),
        ),
        (
            "vtt",
            7,
            66,
            {"Sarah", "Gillian"},
            (0.0, 2.76, "Sarah", "In today's episode, you'll learn whether or not you"),
            (
                21.45,
                25.35,
                "Gillian",
                "careers podcast. My question is, do we need a podcast trailer?",
            ),
        ),
        (
            "json",
            5,
            5,
            {"Darth Vader", "Luke"},
            (0.5, 0.75, "Darth Vader", "I"),
            (2.75, 3.0, "Luke", "Nooooo"),
        ),
        (
            "html",
            10,
            2492,
            {"Travis", "Gilon", "Sarah"},
            (0.0, 53.0, "Travis", "When you first get started"),
            (691.0, None, "Travis", "Batch production of your podcast"),
        ),
    ],
)
def test_the_examples_of_the_podcast_namespace_give_these_segments(
    shared_data: Path,
    extension: str,
    count: int,
    words: int,
    speakers: set,
    first: tuple,
    last: tuple,
) -> None:
    body = (shared_data / "transcript_formats" / f"example.{extension}").read_bytes()
    parsed = segments(body, extension)
    assert (len(parsed), len(" ".join(s[3] for s in parsed).split())) == (count, words)
    assert {s[2] for s in parsed} == speakers
    if extension == "vtt":
        assert parsed[2][3] == "include in one? Welcome to Podcasting Q&A, where you learn"
    for segment, expected in ((parsed[0], first), (parsed[-1], last)):
        assert segment[:3] == expected[:3]
        assert segment[3].startswith(expected[3])


def test_every_transcript_type_of_the_real_feeds_is_known(shared_data: Path) -> None:
    types = set()
    for feed in (shared_data / "feeds").glob("*.xml"):
        for tag in re.findall(r"<podcast:transcript[^>]*>", feed.read_text(errors="replace")):
            types |= set(re.findall(r'type="([^"]*)"', tag))
    assert types == {"application/srt", "application/x-subrip", "text/plain", "text/vtt"}
    assert {t: detect_format(t, "x") for t in types} == {
        "application/srt": "srt",
        "application/x-subrip": "srt",
        "text/plain": "text",
        "text/vtt": "vtt",
    }
