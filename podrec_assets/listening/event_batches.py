"""Batches of event records in Arrow: their dates by offset, their log days, and the split into rows
and dead letters. Pure.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening.event_message import PARSED_SCHEMA
from podrec_assets.schemas import USER_EVENTS

STAGE = USER_EVENTS.name
FORGOTTEN, FORGOTTEN_DETAIL = "forgotten", "The listener asked to be forgotten."
PLACE = ("kafka_topic", "kafka_partition", "kafka_offset", "recorded_at")
TAGGED_SCHEMA = pa.schema(
    [*PARSED_SCHEMA, pa.field("day", pa.date32()), pa.field("is_late", pa.bool_())]
)
"""PARSED_SCHEMA with the log day and whether the event came late."""


def day_boundaries(records: pa.Table) -> dict[int, dict[date, int]]:
    """By Kafka partition, the lowest offset that bears each record date."""
    dated = records.select(["kafka_partition", "kafka_offset"]).append_column(
        "stamped", pc.cast(records["recorded_at"], pa.date32())
    )
    found: dict[int, dict[date, int]] = {}
    for row in (
        dated.group_by(["kafka_partition", "stamped"])
        .aggregate([("kafka_offset", "min")])
        .to_pylist()
    ):
        found.setdefault(row["kafka_partition"], {})[row["stamped"]] = row["kafka_offset_min"]
    return found


def tag_days(parsed: pa.Table, since: Ledger, ledger: Ledger, late_days: int) -> pa.Table:
    """The parsed records that `ledger` has landed and `since` had not, with log day and lateness,
    in TAGGED_SCHEMA.
    """
    kept = forget(parsed.filter(_landed_since(parsed, since, ledger)), ledger)
    days = _log_days(kept, ledger)
    late = pc.greater(pc.days_between(kept["event_day"], days), late_days)
    return kept.append_column("day", days).append_column("is_late", late).cast(TAGGED_SCHEMA)


def _landed_since(parsed: pa.Table, since: Ledger, ledger: Ledger) -> pa.Array:
    offsets = parsed["kafka_offset"].to_numpy()
    fresh = np.zeros(len(offsets), bool)
    for partition, here in _by_partition(parsed):
        start, end = since.landed.get(partition, 0), ledger.landed.get(partition, 0)
        fresh |= here & (offsets >= start) & (offsets < end)
    return pa.array(fresh)


def _log_days(parsed: pa.Table, ledger: Ledger) -> pa.Array:
    """The log day of each record; see `Ledger.day_of`."""
    offsets = parsed["kafka_offset"].to_numpy()
    days = np.zeros(len(offsets), "datetime64[D]")
    for partition, here in _by_partition(parsed):
        starts = ledger.starts.get(partition, ())
        found = np.searchsorted([first for _, first in starts], offsets[here], side="right") - 1
        if found.min() < 0:
            raise KeyError(
                f"offset {offsets[here].min()} of partition {partition} lies before the first landed day"
            )
        days[here] = np.array([day for day, _ in starts], "datetime64[D]")[found]
    return pa.array(days, pa.date32())


def _by_partition(records: pa.Table) -> Iterator[tuple[int, np.ndarray]]:
    """Each Kafka partition that occurs, with the mask of its records."""
    partitions = records["kafka_partition"].to_numpy()
    return ((int(partition), partitions == partition) for partition in np.unique(partitions))


def forget(parsed: pa.Table, ledger: Ledger) -> pa.Table:
    """The parsed records, those of forgotten listeners as refusals without any content."""
    if not ledger.forgotten:
        return parsed
    named = pa.array(
        [
            u
            for u in parsed["user_id"].unique().to_pylist()
            if u and user_hash(u) in ledger.forgotten
        ],
        pa.string(),
    )
    doubtful = pc.or_(pc.is_in(parsed["user_id"], named), pc.is_valid(parsed["refusal"])).to_numpy()
    places = np.flatnonzero(doubtful)
    gone = np.zeros(parsed.num_rows, bool)
    gone[places] = [_is_forgotten(r, ledger) for r in parsed.take(places).to_pylist()]
    instead = {"refusal": FORGOTTEN, "detail": FORGOTTEN_DETAIL}
    columns = [
        parsed[f.name]
        if f.name in PLACE
        else pc.if_else(gone, pa.scalar(instead.get(f.name), f.type), parsed[f.name])
        for f in PARSED_SCHEMA
    ]
    return pa.table(columns, schema=PARSED_SCHEMA)


def _is_forgotten(row: dict, ledger: Ledger) -> bool:
    until = ledger.forgotten.get(user_hash(user_of(row)), {})
    return row["kafka_offset"] < until.get(row["kafka_partition"], 0)


def user_of(row: dict) -> str:
    """The listener of a parsed record, also of one that was refused but names them; "" where nobody
    is named.
    """
    if row.get("user_id"):
        return row["user_id"]
    try:
        message = json.loads(row["payload"] or b"")
    except (ValueError, RecursionError):
        return ""
    found = message.get("user_id") if isinstance(message, dict) else None
    return found if isinstance(found, str) else ""


def user_hash(user_id: str) -> str:
    """What the ledger keeps of a forgotten listener: enough to recognise them, not to name them."""
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()


def split(tagged: pa.Table) -> tuple[pa.Table, list[dict]]:
    """(rows of USER_EVENTS, rows of DEAD_LETTERS)."""
    is_event = pc.is_null(tagged["refusal"])
    refused = tagged.filter(pc.invert(is_event)).to_pylist()
    letters = [_letter(r, r["refusal"], r["detail"], r["payload"]) for r in refused]
    return tagged.filter(is_event).select(USER_EVENTS.schema.names).cast(
        USER_EVENTS.schema
    ), letters


def forgotten_letter(row: dict) -> dict:
    """The dead letter that stands in the place of a forgotten listener's event."""
    return _letter(row, FORGOTTEN, FORGOTTEN_DETAIL, None)


def _letter(row: dict, reason: str, detail: str, payload: bytes | None) -> dict:
    return {
        "day": row["day"],
        "stage": STAGE,
        "source_key": f"{row['kafka_topic']}:{row['kafka_partition']}:{row['kafka_offset']}",
        "reason": reason,
        "detail": detail,
        "payload": payload,
        **{k: row[k] for k in PLACE},
    }
