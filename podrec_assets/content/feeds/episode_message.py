"""Messages of the topic `episode-metadata`: JSON, schema 1, one announcement of an episode each.

The value has the columns of `episodes` except `day` and those from Kafka; `published_at` is ISO
8601 with a zone. Anybody may produce to the topic, so messages are untrusted: a record that cannot
be used becomes a dead letter.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

import pyarrow as pa

from podrec_assets.content.feeds.json_columns import column_value
from podrec_assets.errors import UnusableInputError
from podrec_assets.schemas import EPISODES, dead_letter, messages
from podrec_assets.schemas.dead_letters import UNREADABLE, unreadable_detail

SCHEMA_VERSION = 1
STAGE = EPISODES.name
IDS = ("episode_id", "show_id")
REQUIRED = (*IDS, "title")
MAX_DESCRIPTION = 100_000
"""Longest description that is announced, in characters of up to six bytes; the rest is cut."""
MAX_MESSAGE_BYTES = 900_000
"""Largest message: Kafka's default limit is a megabyte, envelope included."""


@dataclass(frozen=True)
class Announcement:
    """One episode as a feed announces it; columns as in EPISODES."""

    episode_id: str
    show_id: str
    show_title: str | None
    title: str
    description: str | None
    guid: str | None
    feed_url: str
    link: str | None = None
    image_url: str | None = None
    published_at: datetime | None = None
    duration_s: float | None = None
    language: str | None = None
    season: int | None = None
    episode_number: int | None = None
    is_serial: bool | None = None
    audio_url: str | None = None
    audio_type: str | None = None
    audio_bytes: int | None = None
    transcripts: tuple[dict[str, str | None], ...] = ()

    @property
    def content_hash(self) -> str:
        """sha256 of what the publisher says.

        Ids and the feed's address are left out, so a mirror announces nothing new.
        """
        return _content_hash({f.name: getattr(self, f.name) for f in fields(self)})

    def with_ids(self, episode_id: str, show_id: str) -> "Announcement":
        """Returns the same announcement under ids that were assigned earlier."""
        return replace(self, episode_id=episode_id, show_id=show_id)


class TopicRecord(Protocol):
    """A Kafka record as `stores.kafka` reads it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...


def encode(announcement: Announcement) -> bytes:
    """Returns the message of an announcement: deterministic UTF-8 JSON."""
    message = {
        "schema": SCHEMA_VERSION,
        **asdict(announcement),
        "content_hash": announcement.content_hash,
    }
    return _json(message).encode()


def decode(value: bytes | None) -> dict[str, Any]:
    """Returns the columns of `episodes` in a message; unknown fields are ignored.

    Raises:
        UnusableInputError: reason empty_message, not_utf8, not_json, too_deep, wrong_schema,
            missing_field, bad_type or bad_id.
    """
    message = _message(value)
    row = {field.name: column_value(field, message.get(field.name)) for field in _message_fields()}
    for name in REQUIRED:
        if not row[name]:
            raise UnusableInputError("missing_field", f"{name} is missing or empty.")
    for name in IDS:
        if problem := messages.id_problem(row[name]):
            raise UnusableInputError("bad_id", f"{name} {problem}.")
    row["transcripts"] = row["transcripts"] or []
    row["content_hash"] = row["content_hash"] or _content_hash(row)
    return row


def landing_rows(
    records: Iterable[TopicRecord], day_of: Callable[[TopicRecord], date]
) -> tuple[list[dict], list[dict]]:
    """Returns (rows of EPISODES, rows of DEAD_LETTERS) of some records.

    Of several announcements of an episode on one day, the last one in the log wins. Rows are
    ordered by (day, episode_id).
    """
    rows: dict[tuple[date, str], dict] = {}
    dead = []
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        day, kafka = day_of(record), _kafka_columns(record)
        try:
            row = decode(record.value)
        except UnusableInputError as err:
            value = record.value or b""
            dead.append(dead_letter(day, STAGE, kafka, err.reason, str(err), value))
        except MemoryError:
            raise
        except Exception as err:
            decode(KNOWN_GOOD)  # if it fails too, podrec is at fault
            dead.append(unreadable_letter(record, day, err))
        else:
            rows[day, row["episode_id"]] = {"day": day, **row, **kafka}
    return [row for _, row in sorted(rows.items(), key=lambda item: item[0])], dead


def unreadable_letter(record: TopicRecord, day: date, err: Exception) -> dict:
    """Returns the dead letter of a record that failed in a way that no rule foresees."""
    detail, value = unreadable_detail(err), record.value or b""
    return dead_letter(day, STAGE, _kafka_columns(record), UNREADABLE, detail, value)


def _message(value: bytes | None) -> dict:
    if not value:
        raise UnusableInputError("empty_message", "The record has no value.")
    # A NaN is refused where a column would store it, with the name of the field.
    message = messages.decode_json(value, takes_nan=True)
    if not isinstance(message, dict):
        raise UnusableInputError("wrong_schema", "The value is not a JSON object.")
    if message.get("schema") != SCHEMA_VERSION or isinstance(message.get("schema"), bool):
        raise UnusableInputError(
            "wrong_schema",
            f"schema is {str(message.get('schema'))[:40]!r}, expected {SCHEMA_VERSION}.",
        )
    return message


def _message_fields() -> list[pa.Field]:
    return [
        f
        for f in EPISODES.schema
        if f.name not in {"day", "recorded_at"} and not f.name.startswith("kafka_")
    ]


def _kafka_columns(record: TopicRecord) -> dict[str, Any]:
    at = (
        datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        if record.timestamp_ms >= 0
        else None
    )
    return {
        "kafka_topic": record.topic,
        "kafka_partition": record.partition,
        "kafka_offset": record.offset,
        "recorded_at": at,
    }


def _content_hash(values: dict[str, Any]) -> str:
    published = {
        k: v
        for k, v in values.items()
        if k not in {"episode_id", "show_id", "feed_url", "content_hash"}
    }
    return hashlib.sha256(_json(published).encode("utf-8", "surrogatepass")).hexdigest()


def _json(value: dict) -> str:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=datetime.isoformat
    )


KNOWN_GOOD = encode(Announcement("known-good", "known-good", None, "Known good", None, None, ""))
"""A message without fault; where even it fails, the fault is not in a record."""
