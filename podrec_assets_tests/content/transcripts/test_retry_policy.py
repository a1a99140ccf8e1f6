"""Which rows are tried again, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.transcripts.retry_policy import RetryPolicy, is_due

NOW = datetime(2026, 2, 3, tzinfo=UTC)
ENGLISH = AsrEngine("vosk", "/v", "vosk/1/small-en-us", ("en",))
WHISPER = AsrEngine("faster-whisper", "/m", "faster-whisper/1/small", None)
ON_CPU = AsrEngine("faster-whisper", "/m", "faster-whisper/1/small@1f2e3d4c/int8", None)
ON_GPU = "faster-whisper/1/small@1f2e3d4c/float16"
ROW = {
    "status": "ok",
    "engine": ENGLISH.version,
    "language": "en",
    "is_low_quality": False,
    "next_attempt_at": None,
}


def test_waits_double_up_to_a_day_and_end_with_the_last_attempt() -> None:
    policy = RetryPolicy(12, timedelta(minutes=15))
    assert [policy.next_attempt(n, NOW) for n in (1, 2, 3)] == [
        NOW + timedelta(minutes=m) for m in (15, 30, 60)
    ]
    assert policy.next_attempt(11, NOW) == NOW + timedelta(days=1)
    assert policy.next_attempt(12, NOW) is None


@pytest.mark.parametrize(
    ("changes", "engine", "due"),
    [
        ({}, ENGLISH, False),
        ({}, WHISPER, False),
        ({"engine": "vtt/2"}, WHISPER, False),
        # An engine that podrec no longer has got every second word right.
        ({"is_low_quality": True, "engine": "pocketsphinx/5.1.1/en-us"}, WHISPER, True),
        ({"is_low_quality": True, "engine": "pocketsphinx/5.1.1/en-us"}, None, False),
        ({"status": "quarantined"}, ENGLISH, False),
        ({"status": "quarantined"}, WHISPER, True),
        ({"status": "quarantined", "engine": WHISPER.version}, ENGLISH, True),
        # A Spark worker with a GPU made it for a run that has none.
        ({"status": "quarantined", "engine": ON_GPU}, ON_CPU, False),
        ({"status": "failed", "engine": ON_GPU}, ON_CPU, False),
        (
            {"status": "quarantined", "engine": "faster-whisper/1/small@00000000/float16"},
            ON_CPU,
            True,
        ),
        ({"status": "over_budget", "engine": None}, ENGLISH, True),
        ({"status": "over_budget", "engine": None}, None, False),
        ({"status": "no_model", "engine": None, "language": "de"}, ENGLISH, False),
        ({"status": "no_model", "engine": None, "language": "de"}, WHISPER, True),
        ({"status": "failed", "engine": None}, WHISPER, False),
        ({"status": "failed", "engine": None, "next_attempt_at": NOW}, ENGLISH, True),
        (
            {"status": "failed", "engine": None, "next_attempt_at": NOW + timedelta(seconds=1)},
            ENGLISH,
            False,
        ),
        ({"status": "failed"}, ENGLISH, False),
        ({"status": "failed"}, WHISPER, True),
        ({"status": "no_audio", "engine": None}, WHISPER, False),
    ],
)
def test_a_row_is_due_for_a_reason(changes: dict, engine: AsrEngine | None, due: bool) -> None:
    assert is_due(ROW | changes, NOW, engine) == due
    assert is_due(ROW | changes, NOW, engine, frozenset({(ROW | changes)["status"]}))
