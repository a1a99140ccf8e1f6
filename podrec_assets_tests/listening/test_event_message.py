"""Rules of the message: a bad one is refused with its reason, a good one gives exact columns."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pyarrow as pa
import pytest

from podrec_assets.listening.event_message import (
    MAX_BYTES,
    Refusal,
    RefusalReason,
    parse,
    parse_batch,
)
from podrec_assets.schemas import UTC_TIMESTAMP

RECORDED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SKEW_S = 3600
GOOD = {
    "schema": 1, "event_id": "a1", "user_id": "u", "episode_id": "e", "kind": "play",
    "completed_share": 0.5, "occurred_at": "2026-11-20T11:59:00Z",
}  # fmt: skip


def message(**changes: object) -> bytes:
    """Returns the good message with fields changed; None removes a field."""
    return json.dumps({k: v for k, v in (GOOD | changes).items() if v is not None}).encode()


BAD = {
    "no value": (None, "empty"),
    "empty value": (b"", "empty"),
    "not json": (b"this is no JSON", "not_json"),
    "cut json": (b'{"schema": 1, "event_id": "a', "not_json"),
    "NaN is no json": (message().replace(b"0.5", b"NaN"), "not_json"),
    "infinity is no json": (message().replace(b"0.5", b"Infinity"), "not_json"),
    "nested too deep": (b"[" * 30_000, "not_json"),
    "not utf-8": (b"\xff\xfe\x00", "not_utf8"),
    "utf-16": (message().decode().encode("utf-16"), "not_utf8"),
    "a list": (b"[1, 2, 3]", "not_an_object"),
    "a string": (b'"play"', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "too large": (message(note="x" * MAX_BYTES), "oversized"),
    "schema 2": (message(schema=2), "unknown_schema"),
    "schema true": (message(schema=True), "unknown_schema"),
    "no event_id": (message(event_id=None), "missing_field"),
    "no user_id": (message(user_id=None), "missing_field"),
    "no episode_id": (message(episode_id=None), "missing_field"),
    "no kind": (message(kind=None), "missing_field"),
    "no time": (message(occurred_at=None), "missing_field"),
    "number as user": (message(user_id=7), "bad_type"),
    "list as episode": (message(episode_id=["e"]), "bad_type"),
    "blank user": (message(user_id="  "), "empty_id"),
    "long user": (message(user_id="u" * 257), "bad_id"),
    "control character": (message(user_id="u\u0000"), "bad_id"),
    "lone surrogate": (message(user_id="\ud800"), "bad_id"),
    "unknown kind": (message(kind="sneeze"), "unknown_kind"),
    "kind as list": (message(kind=["play"]), "unknown_kind"),
    "play without share": (message(completed_share=None), "missing_field"),
    "played_s as text": (message(completed_share=None, played_s="10"), "bad_type"),
    "duration 0": (message(completed_share=None, played_s=10, duration_s=0), "share_out_of_range"),
    "negative played_s": (
        message(completed_share=None, played_s=-1, duration_s=10),
        "share_out_of_range",
    ),
    "share 1.2": (message(completed_share=1.2), "share_out_of_range"),
    "share -0.1": (message(completed_share=-0.1), "share_out_of_range"),
    "share as text": (message(completed_share="0.9"), "bad_type"),
    "share true": (message(completed_share=True), "bad_type"),
    "share beyond float": (message().replace(b"0.5", b"1" + b"0" * 400), "bad_type"),
    "time as number": (message(occurred_at=1_700_000_000), "bad_type"),
    "no such date": (message(occurred_at="2026-02-30T00:00:00Z"), "bad_time"),
    "no zone": (message(occurred_at="2026-11-20T11:00:00"), "time_without_zone"),
    "before the first day": (message(occurred_at="2017-12-31T23:59:59Z"), "bad_time"),
    "year 0 by its zone": (message(occurred_at="0001-01-01T00:00:00+14:00"), "bad_time"),
    "from the future": (message(occurred_at="2026-11-20T13:00:01Z"), "from_the_future"),
    "position as text": (message(position="1"), "bad_type"),
    "negative position": (message(position=-1), "bad_position"),
    "list_version as number": (message(list_version=3), "bad_type"),
}


@pytest.mark.parametrize(("value", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_message_is_refused_with_its_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(value, RECORDED, SKEW_S)
    assert refused.value.reason == reason
    assert refused.value.detail


def test_every_refusal_reason_has_a_bad_message() -> None:
    # POST /events alone refuses a bad_count.
    assert {reason for _, reason in BAD.values()} == {*get_args(RefusalReason)} - {"bad_count"}


def test_a_good_message_gives_its_columns_and_keeps_unknown_fields() -> None:
    event = parse(message(position=3, list_version="v1", device="car"), RECORDED, SKEW_S)
    assert event == {
        "event_id": "a1", "user_id": "u", "episode_id": "e", "kind": "play", "completed_share": 0.5,
        "occurred_at": datetime(2026, 11, 20, 11, 59, tzinfo=UTC), "event_day": date(2026, 11, 20),
        "list_version": "v1", "position": 3, "extra": '{"device": "car"}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({"completed_share": 0}, 0.0),
        ({"completed_share": 1}, 1.0),
        ({"completed_share": None, "played_s": 30, "duration_s": 120}, 0.25),
        ({"completed_share": None, "played_s": 130, "duration_s": 120}, 1.0),
        ({"completed_share": None, "played_s": 30}, None),
        ({"kind": "like"}, None),
    ],
    ids=[
        "0",
        "1",
        "from seconds",
        "seconds beyond the end",
        "seconds of an unknown length",
        "a like has none",
    ],
)
def test_the_share_of_a_play(changes: dict, share: float | None) -> None:
    assert parse(message(**changes), RECORDED, SKEW_S)["completed_share"] == share


def test_the_day_is_the_utc_day_and_the_skew_is_inclusive() -> None:
    assert parse(message(occurred_at="2026-11-20T01:00:00+02:00"), RECORDED, SKEW_S)[
        "event_day"
    ] == date(2026, 11, 19)
    edge = (RECORDED + timedelta(seconds=SKEW_S)).isoformat()
    assert parse(message(occurred_at=edge), RECORDED, SKEW_S)[
        "occurred_at"
    ] == RECORDED + timedelta(seconds=SKEW_S)


def test_a_message_without_schema_is_of_version_1() -> None:
    assert parse(message(schema=None), RECORDED, SKEW_S)["event_id"] == "a1"


def test_a_batch_keeps_each_record_in_its_place_as_event_or_refusal() -> None:
    values = [message(), b"nonsense", message(event_id="a2")]
    records = pa.table({
        "kafka_topic": ["t"] * 3, "kafka_partition": pa.array([0, 0, 1], pa.int32()),
        "kafka_offset": pa.array([4, 5, 0], pa.int64()),
        "recorded_at": pa.array([RECORDED] * 3, UTC_TIMESTAMP),
        "value": pa.array(values, pa.binary()),
    })  # fmt: skip
    rows = parse_batch(records, SKEW_S).to_pylist()
    columns = ("kafka_partition", "kafka_offset", "event_id", "refusal")
    assert [tuple(row[c] for c in columns) for row in rows] == [
        (0, 4, "a1", None),
        (0, 5, None, "not_json"),
        (1, 0, "a2", None),
    ]
    assert rows[1]["payload"] == b"nonsense"


def test_seconds_of_an_unknown_length_are_kept() -> None:
    assert (
        parse(message(completed_share=None, played_s=30), RECORDED, SKEW_S)["extra"]
        == '{"played_s": 30}'
    )
