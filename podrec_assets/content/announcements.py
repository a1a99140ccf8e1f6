"""The message of the topic `episode-metadata`: written by ingest, read by landing. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Protocol

import pyarrow as pa

from podrec_assets.content.feeds import Announcement
from podrec_assets.schemas import EPISODES

SCHEMA_VERSION = 1
STAGE = EPISODES.name
MAX_PAYLOAD = 64 * 1024
REQUIRED = ("episode_id", "show_id", "show_title", "title", "feed_url", "content_hash")
_KAFKA = ("day", "kafka_topic", "kafka_partition", "kafka_offset", "recorded_at")
FIELDS = tuple(f.name for f in EPISODES.schema if f.name not in _KAFKA)
_BODY = pa.schema([f for f in EPISODES.schema if f.name not in _KAFKA])


class RawRecord(Protocol):
    """A Kafka record, whoever read it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    value: bytes | None


class _RefusedError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def content_hash(announcement: Announcement) -> str:
    """sha256 of what the publisher says of the episode; the same whenever it is polled."""
    said = {k: v for k, v in vars(announcement).items() if k != "content_hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def encode(announcement: Announcement) -> bytes:
    """The message of an announcement."""
    said = {**vars(announcement), "schema": SCHEMA_VERSION}
    at = announcement.published_at
    return json.dumps(said | {"published_at": at.isoformat() if at else None}, ensure_ascii=False).encode()


def decode(value: bytes | None) -> dict:
    """Columns of EPISODES (without day and Kafka's) in a message. Raises _RefusedError."""
    try:
        said = json.loads((value or b"").decode("utf-8"))
    except UnicodeDecodeError as err:
        raise _RefusedError("not_utf8", str(err)) from err
    except (ValueError, RecursionError) as err:
        raise _RefusedError("not_json", str(err)[:200]) from err
    if not isinstance(said, dict):
        raise _RefusedError("not_an_object", f"a JSON {type(said).__name__} is not an object")
    if said.get("schema") != SCHEMA_VERSION:
        raise _RefusedError("unknown_schema", f"schema {said.get('schema')!r} is not {SCHEMA_VERSION}")
    for name in REQUIRED:
        if not isinstance(said.get(name), str) or not said[name]:
            raise _RefusedError("missing_field", f"{name} is missing or not a text")
    row = {name: said.get(name) for name in FIELDS}
    try:
        if row["published_at"] is not None:
            row["published_at"] = datetime.fromisoformat(row["published_at"]).astimezone(UTC)
        pa.Table.from_pylist([row], schema=_BODY)
    except (ValueError, TypeError, OverflowError, pa.ArrowException) as err:
        raise _RefusedError("bad_type", str(err)[:200]) from err
    return row


def landing_rows(records: Iterable[RawRecord], day_of: Callable[[RawRecord], date]) -> tuple[list[dict], list[dict]]:
    """(rows of EPISODES, rows of DEAD_LETTERS), one for each record, each with its log day."""
    rows, letters = [], []
    for record in records:
        place = {
            "day": day_of(record), "kafka_topic": record.topic, "kafka_partition": record.partition, "kafka_offset": record.offset,
            "recorded_at": datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        }
        try:
            rows.append(decode(record.value) | place)
        except _RefusedError as refused:
            letters.append(place | {
                "stage": STAGE, "source_key": f"{record.topic}:{record.partition}:{record.offset}", "reason": refused.reason,
                "detail": refused.detail, "payload": (record.value or b"")[:MAX_PAYLOAD],
            })
    return rows, letters
