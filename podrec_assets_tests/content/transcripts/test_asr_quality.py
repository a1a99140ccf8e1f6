"""Text that engines make up is recognised, and real speech passes."""

import gzip
import json
import re
from pathlib import Path

import pytest

from podrec_assets.content.asr.contract import Recognition
from podrec_assets.content.transcripts.asr_quality import looped_words, suspicions

ENGLISH = (
    "so the thing that we have to see is that it was not for you and this is what they said to "
    "us on the way "
)
GERMAN = (
    "und das ist nicht so wie wir es mit der Frau auf dem Weg gesehen haben aber ich bin auch "
    "noch da für dich "
)


def heard(
    text: str,
    audio_s: float = 120.0,
    covered: float = 0.9,
    confidence: float | None = 0.8,
    parts: int = 4,
) -> Recognition:
    spoken = text.split()
    size, length = max(1, len(spoken) // parts), audio_s * covered / parts
    segments = [
        {
            "start_s": n * length,
            "end_s": (n + 1) * length,
            "text": " ".join(spoken[n * size : (n + 1) * size]),
        }
        for n in range(parts)
    ]
    segments = [s | {"confidence": confidence} for s in segments]
    return Recognition("v", segments, "en", audio_s, 1.0)


def codes(
    recognition: Recognition,
    announced_s: float | None = None,
    language: str | None = "en",
    is_low: bool = False,
) -> list[str]:
    return [s.code for s in suspicions(recognition, announced_s, language, is_low)]


VARIED = " ".join(f"{w}{n}" for n in range(12) for w in ENGLISH.split())


@pytest.mark.parametrize(
    ("recognition", "announced_s", "language", "expected"),
    [
        (heard(ENGLISH * 3 + VARIED), None, "en", []),
        (heard(VARIED), 250.0, "en", ["truncated_audio"]),
        (heard(VARIED), 240.0, "en", []),
        (heard(VARIED + " thank you so much" * 6), None, "en", ["repetition"]),
        (heard("no no no no no " + VARIED), None, "en", []),
        (
            heard("you " * 8 + "and then he left the house by the door", audio_s=20),
            None,
            "en",
            ["repetition"],
        ),
        (heard(VARIED * 3, parts=1), None, "en", ["words_a_minute"]),
        (heard("one two three", covered=0.85, parts=1), None, "en", ["words_a_minute"]),
        (heard("one two three", audio_s=30), None, "en", []),
        (heard(VARIED, covered=0.15), None, "en", ["silence"]),
        (heard(GERMAN * 3), None, "en", ["language_mismatch"]),
        (heard(GERMAN * 3), None, "de", []),
        (heard(GERMAN * 3), None, "xx", []),
        (heard("thanks for watching see you", audio_s=20, parts=1), None, "en", ["stock_phrases"]),
        (heard(VARIED, confidence=0.3), None, "en", ["low_confidence"]),
        (heard(VARIED, confidence=None), None, "en", []),
    ],
)
def test_each_sign_is_found_and_ordinary_speech_has_none(
    recognition: Recognition, announced_s: float | None, language: str, expected: list
) -> None:
    assert codes(recognition, announced_s, language) == expected


def test_the_fallback_engine_may_have_a_lower_confidence() -> None:
    assert codes(heard(VARIED, confidence=0.1), is_low=True) == []
    assert codes(heard(VARIED, confidence=0.01), is_low=True) == ["low_confidence"]


def test_a_loop_is_a_phrase_said_four_times_in_a_row() -> None:
    assert looped_words(list("abcabcabcabcd")) == (12, 12)
    assert looped_words(list("abcabcabcd")) == (0, 0)
    assert looped_words(list("xaaaaybbbbb")) == (9, 5)
    assert looped_words([]) == (0, 0)


def test_real_transcripts_have_no_signs(shared_data: Path) -> None:
    with gzip.open(shared_data / "transcripts" / "changelog-dev.jsonl.gz", "rt") as lines:
        texts = [
            re.sub(r"\*\*[^*]*\*\*|\\?\[[\d:.]+\\?\]", " ", json.loads(next(lines))["markdown"])
            for _ in range(60)
        ]
    flagged = [codes(heard(t, audio_s=len(t.split()) / 160 * 60, covered=1.0)) for t in texts]
    assert [c for c in flagged if c] == []
