"""JSON of podcast hosts and speech recognisers is read, or refused for what it is."""

import json
from pathlib import Path

import pytest

from podrec_assets.content.transcripts.formats import (
    Transcript,
    TranscriptError,
    parse_transcript,
)


def read(document: object) -> Transcript:
    body = json.dumps(document).encode()
    return parse_transcript(body, "application/json", "https://t.example/1")


WORDS = [
    {"word": "hi", "punctuated_word": "Hi", "start": 0.1, "end": 0.4, "speaker": 0},
    {"word": "there", "punctuated_word": "there.", "start": 0.4, "end": 2.0, "speaker": 0},
]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"segments": [{"speaker": "Ann", "startTime": 0.1, "endTime": 2, "body": "Hi there."}]},
            [(0.1, 2.0, "Ann", "Hi there.")],
            id="podcast namespace",
        ),
        pytest.param(
            {"segments": [{"startTime": "00:00:01,500", "endTime": "0:02", "body": "Hi there."}]},
            [(1.5, 2.0, None, "Hi there.")],
            id="clock times",
        ),
        pytest.param(
            {
                "text": " Hi there.",
                "segments": [{"id": 0, "start": 0.1, "end": 2.0, "text": " Hi there.",
                              "words": [{"word": " Hi", "start": 0.1, "end": 0.4}]}],
            },
            [(0.1, 2.0, None, "Hi there.")],
            id="Whisper",
        ),
        pytest.param(
            {
                "result": {"language": "en"},
                "transcription": [{"timestamps": {"from": "00:00:00,100", "to": "00:00:02,000"},
                                   "offsets": {"from": 100, "to": 2000}, "text": " Hi there."}],
            },
            [(0.1, 2.0, None, "Hi there.")],
            id="whisper.cpp",
        ),
        pytest.param(
            {"transcription": [{"timestamps": {"from": "00:00:00,100", "to": "00:00:02,000"},
                                "text": " Hi there."}]},
            [(0.1, 2.0, None, "Hi there.")],
            id="whisper.cpp without offsets",
        ),
        pytest.param(
            {"text": "Hi there.", "words": [{"text": "Hi", "start": 100, "end": 400}],
             "utterances": [{"speaker": "A", "start": 100, "end": 2000, "text": "Hi there."}]},
            [(0.1, 2.0, "A", "Hi there.")],
            id="AssemblyAI",
        ),
        pytest.param(
            {"text": "Hi there.", "utterances": None,
             "words": [{"text": "Hi", "start": 100, "end": 400, "speaker": None},
                       {"text": "there.", "start": 400, "end": 2000, "speaker": None}]},
            [(0.1, 0.4, None, "Hi"), (0.4, 2.0, None, "there.")],
            id="AssemblyAI without speakers",
        ),
        pytest.param(
            {"results": {"channels": [{"alternatives": [{"transcript": "hi", "words": WORDS}]}]}},
            [(0.1, 0.4, "Speaker 0", "Hi"), (0.4, 2.0, "Speaker 0", "there.")],
            id="Deepgram",
        ),
        pytest.param(
            {"results": {"channels": [], "utterances": [
                {"start": 0.1, "end": 2.0, "transcript": "Hi there.", "speaker": 1}]}},
            [(0.1, 2.0, "Speaker 1", "Hi there.")],
            id="Deepgram with utterances",
        ),
        pytest.param(
            {"transcripts": [{"start": "00:00:00.100", "end": "00:00:02.000", "speaker": "1",
                              "voice": "Ann", "text": "Hi there."}]},
            [(0.1, 2.0, "1", "Hi there.")],
            id="Podlove",
        ),
        pytest.param(
            [{"start": 0.1, "end": "soon", "text": "Hi there."}, None],
            [(0.1, None, None, "Hi there.")],
            id="a list, an odd time and a null",
        ),
        pytest.param(
            {"segments": [{"start": 10**400, "end": True, "text": "Hi there."},
                          {"start": -5, "end": "-1.5", "text": "So."}]},
            [(None, None, None, "Hi there."), (None, None, None, "So.")],
            id="numbers that are no times",
        ),
        pytest.param(
            {"segments": [{"body": 0}, {"text": 7.5, "body": False}]},
            [(None, None, None, "0"), (None, None, None, "7.5")],
            id="numbers that are said",
        ),
    ],
)  # fmt: skip
def test_known_forms_become_segments(document: object, expected: list[tuple]) -> None:
    parsed = read(document)
    assert [tuple(s.values()) for s in parsed.segments] == expected
    assert parsed.notes == ()


@pytest.mark.parametrize(
    "document",
    [
        {"error": "not found"},
        {"results": [{"alternatives": [{"transcript": "hi there"}]}]},
        {"results": {"transcripts": [{"transcript": "hi there"}]}, "jobName": "x"},
        {"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "Hi"}]}]},
        {"text": "Hi there."},
        {"text": "Hi there.", "segments": []},
        {"text": "Hi there.", "segments": None},
    ],
)
def test_other_forms_are_refused_with_their_keys(document: dict) -> None:
    with pytest.raises(TranscriptError) as refused:
        read(document)
    assert refused.value.reason == "unknown_format"
    assert all(repr(key) in str(refused.value) for key in document)


def test_items_without_a_known_field_of_text_are_told() -> None:
    parsed = read({"segments": [{"body": "Hi."}, {"words": ["lost"]}, {"body": {"a": "lost"}}]})
    assert parsed.text == "Hi."
    assert parsed.notes == ("2 JSON items without a known field of text left out",)


def test_the_file_of_a_bug_report_is_read(shared_data: Path) -> None:
    body = (shared_data / "field" / "content" / "C18_cpp.json").read_bytes()
    parsed = parse_transcript(body, None, "https://t.example/C18_cpp.json")
    assert [tuple(s.values()) for s in parsed.segments] == [
        (0.0, 2.0, None, "Welcome to the bread hour.")
    ]
