"""Rules of the message: a bad one is refused with its reason, a good one gives exact columns."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening import event_message
from podrec_assets.listening.event_batches import split, tag_days
from podrec_assets.listening.event_message import (
    MAX_BYTES,
    Refusal,
    RefusalReason,
    parse,
)
from podrec_assets.listening.event_parsing import parse_batch
from podrec_assets.schemas import DEAD_LETTERS, UTC_TIMESTAMP
from podrec_assets.schemas.messages import MAX_DEPTH
from podrec_assets_tests.any_messages import mutations

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
    "valid but nested too deep": (
        message(note="?").replace(b'"?"', b"[" * 950 + b"]" * 950),
        "too_deep",
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + message(), "not_json"),
    "a number of 5,000 digits": (message(note="?").replace(b'"?"', b"9" * 5000), "not_json"),
    "half an emoji in an unknown field": (message(note="bread \ud83d"), "bad_text"),
    "half an emoji in a nested key": (message(note=[{"\ude00": 1}]), "bad_text"),
    "half an emoji as the name of a field": (message(**{"\udbff": 1}), "bad_text"),
    "half an emoji in a field that a play does not use": (message(duration_s="\udc00"), "bad_text"),
    "infinity in an unknown field": (message(note="?").replace(b'"?"', b"[1e999]"), "bad_number"),
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
    "C1 control character": (message(event_id="a\u009b2J"), "bad_id"),
    "line separator": (message(episode_id="a\u2028b"), "bad_id"),
    "direction override": (message(user_id="a\u202egnp"), "bad_id"),
    "direction isolate": (message(user_id="\u2066a"), "bad_id"),
    "nothing but joiners": (message(user_id="\u200d\u200b"), "empty_id"),
    "version with a control character": (message(list_version="v\u001b[2J"), "bad_id"),
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
    "share 1e999": (message().replace(b"0.5", b"1e999"), "bad_type"),
    "played_s -1e999": (
        message(completed_share=None, played_s="?").replace(b'"?"', b"-1e999"),
        "bad_type",
    ),
    "share as text": (message(completed_share="0.9"), "bad_type"),
    "share true": (message(completed_share=True), "bad_type"),
    "share beyond float": (message().replace(b"0.5", b"1" + b"0" * 400), "bad_type"),
    "time as number": (message(occurred_at=1_700_000_000), "bad_type"),
    "no such date": (message(occurred_at="2026-02-30T00:00:00Z"), "bad_time"),
    "no zone": (message(occurred_at="2026-11-20T11:00:00"), "time_without_zone"),
    "before the first day": (message(occurred_at="2017-12-31T23:59:59Z"), "bad_time"),
    "year 0 by its zone": (message(occurred_at="0001-01-01T00:00:00+14:00"), "bad_time"),
    "year 10000 by its zone": (message(occurred_at="9999-12-31T23:59:59-14:00"), "bad_time"),
    "last year": (message(occurred_at="9999-12-31T23:59:59Z"), "from_the_future"),
    "half an emoji as time": (message(occurred_at="2026-11-20T11:00:00\ud83d"), "bad_time"),
    "from the future": (message(occurred_at="2026-11-20T13:00:01Z"), "from_the_future"),
    "position as text": (message(position="1"), "bad_type"),
    "position between two": (message(position=1.5), "bad_type"),
    "endless position": (message(position="?").replace(b'"?"', b"1e999"), "bad_type"),
    "negative position": (message(position=-1), "bad_position"),
    "position beyond the column": (message(position=2**31), "bad_position"),
    "position of 999 digits": (message(position=10**998), "bad_position"),
    "list_version as number": (message(list_version=3), "bad_type"),
}


@pytest.mark.parametrize(("value", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_message_is_refused_with_its_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(value, RECORDED, SKEW_S)
    assert refused.value.reason == reason
    assert 0 < len(refused.value.detail.encode()) < 400


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


@pytest.mark.parametrize(
    "user",
    [
        "👨‍👩‍👧",
        "علی‌رضا",
        "山田　太郎",
        "O'Neil; DROP",
        "[/x]",
        "ann\u00a0lee",
        "\u200fדנה",
        "\U0001fffd?",
    ],
)
def test_an_id_is_any_text_of_people(user: str) -> None:
    event = parse(message(user_id=user, event_id=user, episode_id=user), RECORDED, SKEW_S)
    assert (event["user_id"], event["event_id"], event["episode_id"]) == (user, user, user)


@pytest.mark.parametrize(
    ("name", "shown"), [("note", "'note'"), ("\ud83d", r"'\ud83d'"), ("\x1b[2J", r"'\x1b[2J'")]
)
def test_the_field_that_cannot_be_stored_is_named_in_storable_text(name: str, shown: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(message(**{name: "\ud83d"}), RECORDED, SKEW_S)
    assert refused.value.detail.startswith(f"{shown} contains half a surrogate pair")


def test_whole_pairs_and_large_numbers_of_unknown_fields_are_kept() -> None:
    note = {"\U0001f600": ["\0", 10**400, 1e308, None]}
    extra = parse(message(note=note), RECORDED, SKEW_S)["extra"]
    assert json.loads(extra) == {"note": note}


def test_a_field_repeated_in_a_message_has_its_last_value() -> None:
    twice = message().replace(b'"user_id": "u"', b'"user_id": "first", "user_id": "last"')
    assert parse(twice, RECORDED, SKEW_S)["user_id"] == "last"


def deep(levels: int) -> bytes:
    """Returns the good message with an unknown field, so that `levels` are inside each other."""
    return message(note="?").replace(b'"?"', b"[" * (levels - 1) + b"]" * (levels - 1))


@pytest.mark.parametrize("frames", [0, 400])
def test_the_depth_of_the_stack_decides_nothing(frames: int) -> None:
    if frames:
        return test_the_depth_of_the_stack_decides_nothing(frames - 1)
    assert parse(deep(MAX_DEPTH), RECORDED, SKEW_S)["event_id"] == "a1"
    with pytest.raises(Refusal, match="101 arrays and objects are inside each other"):
        parse(deep(MAX_DEPTH + 1), RECORDED, SKEW_S)
    brackets_in_text = parse(message(note='["' * 500), RECORDED, SKEW_S)["extra"]
    assert json.loads(brackets_in_text) == {"note": '["' * 500}
    return None


def test_a_position_written_by_software_without_whole_numbers_is_whole() -> None:
    assert parse(message(position=3.0), RECORDED, SKEW_S)["position"] == 3


def test_a_message_without_schema_is_of_version_1() -> None:
    assert parse(message(schema=None), RECORDED, SKEW_S)["event_id"] == "a1"


def records_of(values: Sequence[bytes | None]) -> pa.Table:
    """Returns records of one partition with these values."""
    count = len(values)
    return pa.table({
        "kafka_topic": ["t"] * count, "kafka_partition": pa.array([0] * count, pa.int32()),
        "kafka_offset": pa.array(range(count), pa.int64()),
        "recorded_at": pa.array([RECORDED] * count, UTC_TIMESTAMP),
        "written_by": pa.array([RECORDED] * count, UTC_TIMESTAMP),
        "value": pa.array(values, pa.binary()),
    })  # fmt: skip


def test_a_record_that_fails_in_an_unforeseen_way_is_unreadable_and_affects_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_on(monkeypatch, lambda value: b"a2" in value)
    rows = parse_batch(records_of([message(event_id=f"a{n}") for n in range(4)]), SKEW_S)
    assert rows["event_id"].to_pylist() == ["a0", "a1", None, "a3"]
    letter = rows.to_pylist()[2]
    assert (letter["refusal"], letter["detail"]) == ("unreadable", r"ZeroDivisionError: '\ud83d'")
    assert letter["payload"] == message(event_id="a2")


def test_a_parser_that_fails_on_everything_is_an_error_and_makes_no_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_on(monkeypatch, lambda value: True)
    with pytest.raises(ZeroDivisionError):
        parse_batch(records_of([message()]), SKEW_S)


@given(mutations(GOOD))
@settings(deadline=None)
def test_any_message_is_a_row_or_a_letter_that_the_tables_take(value: bytes | None) -> None:
    parsed = parse_batch(records_of([value]), SKEW_S)
    ledger = Ledger({0: 1}, {0: 0}, {0: ((RECORDED.date(), 0),)})
    rows, letters = split(tag_days(parsed, Ledger(), ledger, 2))
    assert len(rows) + DEAD_LETTERS.rows(letters).num_rows == 1
    assert all(letter["reason"] in get_args(RefusalReason) for letter in letters)
    for extra in filter(None, rows["extra"].to_pylist()):
        json.loads(extra, parse_constant=pytest.fail)


def fail_on(monkeypatch: pytest.MonkeyPatch, is_bad: Callable[[bytes], bool]) -> None:
    """Plants a fault into the parsing of some messages."""
    real = event_message._decode

    def decode(value: bytes) -> dict:
        if is_bad(value):
            raise ZeroDivisionError("\ud83d")
        return real(value)

    monkeypatch.setattr(event_message, "_decode", decode)


def test_a_batch_keeps_each_record_in_its_place_as_event_or_refusal() -> None:
    values = [message(), b"nonsense", message(event_id="a2")]
    rows = parse_batch(records_of(values), SKEW_S).to_pylist()
    columns = ("kafka_partition", "kafka_offset", "event_id", "refusal")
    assert [tuple(row[c] for c in columns) for row in rows] == [
        (0, 0, "a1", None),
        (0, 1, None, "not_json"),
        (0, 2, "a2", None),
    ]
    assert rows[1]["payload"] == b"nonsense"


def test_seconds_of_an_unknown_length_are_kept() -> None:
    assert (
        parse(message(completed_share=None, played_s=30), RECORDED, SKEW_S)["extra"]
        == '{"played_s": 30}'
    )
