"""The table of records that no stage could use, and the one way to build its rows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from podrec_assets.redaction import without_credentials
from podrec_assets.schemas.table import DAY, KAFKA, Table, column

PAYLOAD_BYTES = 64 * 1024
"""Bytes of a payload that are kept."""
UNREADABLE = "unreadable"
"""Reason of a record that failed in a way that no rule foresees."""

DEAD_LETTERS = Table(
    "dead_letters",
    "one unusable record of any stage",
    ("stage", "source_key"),
    pa.schema(
        [
            DAY,
            column("stage", pa.string(), "Asset or command that met it."),
            column(
                "source_key",
                pa.string(),
                "topic:partition:offset:id of the topic, feed address or episode id: unique in its "
                "stage and day. Letters of older versions lack the topic's id.",
            ),
            column("reason", pa.string(), "Short code, e.g. not_json; groups in reports."),
            column("detail", pa.string(), "One sentence on what exactly was wrong."),
            *KAFKA,
            column("payload", pa.binary(), "Raw bytes, at most 64 KiB of them."),
            column(
                "redrive_from",
                pa.string(),
                "End offsets of the topic, as JSON, when `podrec redrive` began to repeat the "
                "record.",
            ),
            column("redriven_to", pa.string(), "source_key of the record that repeats this one."),
        ]
    ),
)


def source_key(topic: str, partition: int, offset: int, topic_id: str = "") -> str:
    """Returns the key of a Kafka record's letter."""
    return ":".join([topic, str(partition), str(offset), *filter(None, [topic_id])])


def of_topic(letter: dict[str, Any], topic_id: str) -> dict[str, Any]:
    """Returns a letter whose key tells the topic from others of the same name.

    A topic that was deleted and recreated has the same offsets again.
    """
    place = (letter["kafka_topic"], letter["kafka_partition"], letter["kafka_offset"])
    return letter | {"source_key": source_key(*place, topic_id)}


def unreadable_detail(err: Exception) -> str:
    """Returns the type and message of an unforeseen error, as storable text."""
    return f"{type(err).__name__}: {str(err)[:200]!r}"


def dead_letter(
    day: date,
    stage: str,
    source: str | Mapping[str, Any],
    reason: str,
    detail: str,
    payload: bytes | None = None,
) -> dict[str, Any]:
    """Builds a row of DEAD_LETTERS, without user names and passwords of addresses.

    Args:
        day: day on which the stage met it.
        stage: asset or command that could not use it.
        source: feed address or episode id, or a Kafka record with the columns KAFKA.
        reason: short code.
        detail: one sentence.
        payload: raw bytes; at most PAYLOAD_BYTES are kept.
    """
    if isinstance(source, str):
        key, record = without_credentials(source), {}
    else:
        key = source_key(*(source[n] for n in ("kafka_topic", "kafka_partition", "kafka_offset")))
        record = {f.name: source[f.name] for f in KAFKA}
    return {
        "day": day,
        "stage": stage,
        "source_key": key,
        "reason": reason,
        "detail": without_credentials(detail),
        "payload": payload if payload is None else _kept(payload),
        **record,
    }


def _kept(payload: bytes) -> bytes:
    if b"://" in payload and b"@" in payload:
        payload = without_credentials(payload.decode("latin-1")).encode("latin-1")
    return payload[:PAYLOAD_BYTES]
