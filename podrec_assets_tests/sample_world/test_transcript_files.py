"""podrec's parser reads rendered transcripts back with the same text, times and speakers."""

import json

import pytest

from podrec_assets.content.transcripts.formats import (
    PARSER_VERSION,
    detect_format,
    parse_transcript,
)
from podrec_assets.sample_world.library import Line, Show, load
from podrec_assets.sample_world.transcript_files import LINKS, render

LINES = (Line(0.0, 3.2, "Ann", "Café & co: über 3 > 2."), Line(3.2, 3661.005, "Bo Lee", "Bye."))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "vtt",
            "WEBVTT\n\n00:00:00.000 --> 00:00:03.200\n<v Ann>Café & co: über 3 > 2.\n\n"
            "00:00:03.200 --> 01:01:01.005\n<v Bo Lee>Bye.\n",
        ),
        (
            "srt",
            "1\n00:00:00,000 --> 00:00:03,200\nAnn: Café & co: über 3 > 2.\n\n"
            "2\n00:00:03,200 --> 01:01:01,005\nBo Lee: Bye.\n",
        ),
    ],
)
def test_cues_have_the_syntax_of_their_format(kind: str, expected: str) -> None:
    assert render(kind, LINES).decode() == expected


def test_json_follows_the_podcast_namespace() -> None:
    assert json.loads(render("json", LINES)) == {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Ann", "startTime": 0.0, "endTime": 3.2, "body": "Café & co: über 3 > 2."},
            {"speaker": "Bo Lee", "startTime": 3.2, "endTime": 3661.005, "body": "Bye."},
        ],
    }


def test_srt_is_offered_under_both_of_its_mime_types() -> None:
    assert render("subrip", LINES) == render("srt", LINES)
    assert LINKS["subrip"][0] != LINKS["srt"][0]


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("show", load(), ids=lambda show: show.slug)
def test_every_episode_is_read_back_verbatim_with_speakers_and_times(show: Show, kind: str) -> None:
    content_type, extension = LINKS[kind]
    assert detect_format(content_type, "x") == detect_format(None, f"x.{extension}") == extension
    for episode in show.episodes:
        if episode.lines:
            parsed = parse_transcript(
                render(kind, episode.lines), content_type, f"https://x.example/1.{extension}"
            )
            segments = [
                (s["start_s"], s["end_s"], s["speaker"], s["text"]) for s in parsed.segments
            ]
            assert segments == [(x.start_s, x.end_s, x.speaker, x.text) for x in episode.lines]
            assert parsed.engine == f"{extension}/{PARSER_VERSION}"
