"""Messages survive a round trip, and unusable ones become dead letters with a reason."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings

from podrec_assets.content.feeds import episode_message
from podrec_assets.content.feeds.episode_message import (
    Announcement,
    decode,
    encode,
    landing_rows,
)
from podrec_assets.content.feeds.json_columns import MAX_TEXT
from podrec_assets.errors import UnusableInputError
from podrec_assets.schemas import DEAD_LETTERS, EPISODES
from podrec_assets.schemas.dead_letters import PAYLOAD_BYTES
from podrec_assets_tests.any_messages import mutations

LINK = {"url": "https://t.example/1.vtt", "type": "text/vtt", "language": "en", "rel": None}
FULL = Announcement(
    episode_id="e1",
    show_id="s1",
    show_title="Show",
    title="Café \u2028 😀",
    description="One\ntwo",
    guid="g1",
    feed_url="https://show.example/feed",
    link="https://show.example/1",
    image_url="https://show.example/1.png",
    published_at=datetime(2026, 2, 2, 9, 0, 0, 5, tzinfo=UTC),
    duration_s=61.5,
    language="en",
    season=1,
    episode_number=2,
    is_serial=True,
    audio_url="https://cdn.example/1.mp3",
    audio_type="audio/mpeg",
    audio_bytes=2**40,
    transcripts=(LINK,),
)
BARE = Announcement("e2", "s1", None, "Bare", None, None, "https://show.example/feed")
DAY = date(2026, 2, 3)


@dataclass
class Record:
    """A Kafka record."""

    offset: int
    value: bytes | None
    topic: str = "episode-metadata"
    partition: int = 0
    timestamp_ms: int = 1_770_076_800_000


def message(**changes: object) -> bytes:
    return json.dumps(
        {"schema": 1, "episode_id": "e1", "show_id": "s1", "title": "T", **changes}
    ).encode()


@pytest.mark.parametrize("announcement", [FULL, BARE], ids=["every field", "no optional field"])
def test_a_message_survives_a_round_trip(announcement: Announcement) -> None:
    row = decode(encode(announcement))
    assert row.pop("content_hash") == announcement.content_hash
    assert row == {**vars(announcement), "transcripts": list(announcement.transcripts)}
    assert encode(replace(announcement)) == encode(announcement)


def test_the_content_hash_ignores_ids_and_feed_address() -> None:
    mirror = replace(FULL.with_ids("e9", "s9"), feed_url="https://mirror.example/feed")
    assert (mirror.episode_id, mirror.show_id, mirror.content_hash) == (
        "e9",
        "s9",
        FULL.content_hash,
    )
    assert (
        len(
            {
                changed.content_hash
                for changed in (
                    replace(FULL, title="New"),
                    replace(FULL, season=3),
                    replace(FULL, transcripts=()),
                )
            }
        )
        == 3
    )
    assert replace(FULL, title="New").content_hash != FULL.content_hash


def test_a_message_without_content_hash_gets_the_same_one() -> None:
    sent = json.loads(encode(FULL))
    del sent["content_hash"]
    assert decode(json.dumps(sent).encode())["content_hash"] == FULL.content_hash


def test_unknown_fields_are_ignored_times_become_utc_and_long_texts_are_cut() -> None:
    row = decode(
        message(
            published_at="2026-02-02T10:00:00+01:00",
            colour="red",
            day="1999-01-01",
            description="x" * (MAX_TEXT + 1),
        )
    )
    assert (row["published_at"], row["published_at"].tzinfo) == (
        datetime(2026, 2, 2, 9, tzinfo=UTC),
        UTC,
    )
    assert (len(row["description"]), row.keys() & {"colour", "day", "kafka_offset"}) == (
        MAX_TEXT,
        set(),
    )
    assert (
        decode(
            message(
                published_at=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5))).isoformat()
            )
        )["published_at"].hour
        == 5
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "empty_message", id="tombstone"),
        pytest.param(b"", "empty_message", id="no bytes"),
        pytest.param(b'{"title": "\xff"}', "not_utf8", id="latin-1"),
        pytest.param(b"{", "not_json", id="cut off"),
        pytest.param(b"[" * 100_000, "not_json", id="deep"),
        pytest.param(b'{"schema": ' + b"9" * 5000 + b"}", "not_json", id="endless number"),
        pytest.param(b"[1]", "wrong_schema", id="a list"),
        pytest.param(b"{}", "wrong_schema", id="no schema"),
        pytest.param(message(schema=2), "wrong_schema", id="schema of the future"),
        pytest.param(message(schema=True), "wrong_schema", id="true is not 1"),
        pytest.param(message(episode_id=None), "missing_field", id="null id"),
        pytest.param(message(show_id=""), "missing_field", id="empty id"),
        pytest.param(message(title=None), "missing_field", id="no title"),
        pytest.param(b"\xef\xbb\xbf" + message(), "not_json", id="a byte order mark"),
        pytest.param(
            b'{"x": ' + b"[" * 950 + b"]" * 950 + b"}", "too_deep", id="valid but nested too deep"
        ),
        pytest.param(message(episode_id="a\u0000"), "bad_id", id="control character in an id"),
        pytest.param(message(show_id="s\u202e"), "bad_id", id="direction override in an id"),
        pytest.param(message(episode_id="e" * 257), "bad_id", id="long id"),
        pytest.param(message(show_id=" \u200b"), "bad_id", id="id without a visible character"),
        pytest.param(message(episode_id="e\ud83d"), "bad_type", id="half an emoji in an id"),
        pytest.param(message(description="bread \udc00"), "bad_type", id="half an emoji in a text"),
        pytest.param(
            message(transcripts=[{"url": "x", "rel": "\ud83d"}]), "bad_type", id="half in a link"
        ),
        pytest.param(message(transcripts=[5]), "bad_type", id="number as link"),
        pytest.param(message(audio_bytes=2**63), "bad_type", id="more bytes than the column holds"),
        pytest.param(
            message(duration_s="?").replace(b'"?"', b"1e999"), "bad_type", id="endless episode"
        ),
        pytest.param(
            message(published_at="9999-12-31T23:59:59-14:00"), "bad_type", id="after all time"
        ),
        pytest.param(message(title=5), "bad_type", id="number as text"),
        pytest.param(message(title="\ud800"), "bad_type", id="lone surrogate"),
        pytest.param(message(duration_s="60"), "bad_type", id="text as number"),
        pytest.param(message(duration_s=float("nan")), "bad_type", id="NaN"),
        pytest.param(message(duration_s=10**400), "bad_type", id="more than a float holds"),
        pytest.param(message(season=2**31), "bad_type", id="more than the column holds"),
        pytest.param(message(duration_s=-1), "bad_type", id="negative length"),
        pytest.param(message(audio_bytes=-1), "bad_type", id="negative size"),
        pytest.param(message(season=1.5), "bad_type", id="half a season"),
        pytest.param(message(season=True), "bad_type", id="true as number"),
        pytest.param(message(is_serial=1), "bad_type", id="number as truth"),
        pytest.param(
            message(published_at="2026-02-02T10:00:00"), "bad_type", id="time without zone"
        ),
        pytest.param(
            message(published_at="0001-01-01T00:00:00+14:00"), "bad_type", id="before all time"
        ),
        pytest.param(message(published_at=0), "bad_type", id="time as number"),
        pytest.param(message(transcripts={"url": "x"}), "bad_type", id="an object as list"),
        pytest.param(
            message(transcripts=[{"type": "text/vtt"}]), "bad_type", id="link without url"
        ),
        pytest.param(message(transcripts=[{"url": 5}]), "bad_type", id="number as url"),
    ],
)
def test_unusable_messages_are_dead_letters_with_a_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(UnusableInputError) as refused:
        decode(value)
    assert refused.value.reason == reason
    rows, [letter] = landing_rows([Record(7, value)], lambda _: DAY)
    assert (rows, letter["reason"], letter["source_key"]) == ([], reason, "episode-metadata:0:7")
    assert letter["payload"] == (value or b"")[:PAYLOAD_BYTES]
    assert DEAD_LETTERS.rows([letter]).num_rows == 1


@pytest.mark.parametrize("text", ["👨‍👩‍👧", "علی‌رضا", "山田　太郎", "../../etc/passwd", "[/x]"])
def test_an_id_is_any_text_of_people(text: str) -> None:
    row = decode(message(episode_id=text, show_id=text))
    assert (row["episode_id"], row["show_id"]) == (text, text)


def test_an_unknown_field_costs_no_episode_and_texts_keep_their_nul() -> None:
    odd = message(title="T\0", x="\ud83d").replace(b'"x"', b'"y": [1e999], "z": NaN, "x"')
    assert decode(odd)["title"] == "T\0"


def test_a_record_that_fails_in_an_unforeseen_way_is_unreadable_and_affects_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = episode_message.column_value

    def fail_on_two(field: pa.Field, value: object) -> object:
        if value == "Two":
            raise ZeroDivisionError("\ud83d")
        return real(field, value)

    monkeypatch.setattr(episode_message, "column_value", fail_on_two)
    records = [Record(n, message(episode_id=t, title=t)) for n, t in enumerate(("One", "Two", "3"))]
    rows, [letter] = landing_rows(records, lambda _: DAY)
    assert [r["title"] for r in rows] == ["3", "One"]
    assert (letter["reason"], letter["detail"], letter["payload"]) == (
        "unreadable",
        r"ZeroDivisionError: '\ud83d'",
        records[1].value,
    )


def test_a_parser_that_fails_on_everything_is_an_error_and_makes_no_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(field: pa.Field, value: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(episode_message, "column_value", fail)
    with pytest.raises(ZeroDivisionError):
        landing_rows([Record(0, message())], lambda _: DAY)


@given(mutations(json.loads(encode(FULL))))
@settings(deadline=None)
def test_any_message_is_a_row_or_a_letter_that_the_tables_take(value: bytes | None) -> None:
    rows, letters = landing_rows([Record(0, value)], lambda _: DAY)
    assert len(rows) + len(letters) == 1
    assert EPISODES.rows(rows).num_rows + DEAD_LETTERS.rows(letters).num_rows == 1
    assert all(r["reason"] != "unreadable" for r in letters)


def test_the_last_announcement_of_a_day_wins_and_bad_records_affect_no_other() -> None:
    records = [
        Record(3, encode(replace(FULL, title="Third"))),
        Record(2, b"junk"),
        Record(1, encode(replace(FULL, title="First"))),
        Record(4, encode(BARE), timestamp_ms=-1),
        Record(9, encode(replace(FULL, title="Next day"))),
    ]
    rows, dead = landing_rows(records, lambda r: DAY + timedelta(days=r.offset == 9))
    assert [(r["day"], r["episode_id"], r["title"], r["kafka_offset"]) for r in rows] == [
        (DAY, "e1", "Third", 3),
        (DAY, "e2", "Bare", 4),
        (DAY + timedelta(days=1), "e1", "Next day", 9),
    ]
    assert (rows[0]["recorded_at"], rows[1]["recorded_at"]) == (
        datetime(2026, 2, 3, tzinfo=UTC),
        None,
    )
    assert [(d["day"], d["stage"], d["kafka_offset"], d["payload"]) for d in dead] == [
        (DAY, "episodes", 2, b"junk")
    ]
    assert EPISODES.rows(rows).to_pylist()[0]["transcripts"] == [LINK]


def test_a_message_and_its_letter_have_no_credentials() -> None:
    private = "https://ann:s3cret@b.example/1"
    links = [{"url": private}]
    names = ("feed_url", "link", "image_url", "audio_url", "guid")
    value = message(transcripts=links, **dict.fromkeys(names, private))
    assert "s3cret" not in repr(decode(value))
    assert {decode(value)[name] for name in names} == {"https://b.example/1"}
    bad = message(audio_url=private, title=None)
    padded = message(title=None, description="x" * (PAYLOAD_BYTES - 150), link=private)
    _, letters = landing_rows([Record(0, bad), Record(1, padded)], lambda _: DAY)
    assert len(letters) == 2
    assert "s3c" not in repr(letters)


def test_a_dead_letter_truncates_its_payload() -> None:
    _, [letter] = landing_rows([Record(0, b"x" * (PAYLOAD_BYTES + 1))], lambda _: DAY)
    assert len(letter["payload"]) == PAYLOAD_BYTES
