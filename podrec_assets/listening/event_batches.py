"""Event records in Arrow: their log days, and the split into rows and dead letters. Pure."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening.event_message import PARSED_SCHEMA
from podrec_assets.schemas import USER_EVENTS, dead_letter
from podrec_assets.schemas.table import KAFKA

STAGE = USER_EVENTS.name
FORGOTTEN, FORGOTTEN_DETAIL = "forgotten", "The listener asked to be forgotten."
RECORD_COLUMNS = tuple(f.name for f in KAFKA)
TAGGED_SCHEMA = pa.schema(
    [*PARSED_SCHEMA, pa.field("day", pa.date32()), pa.field("is_late", pa.bool_())]
)
"""PARSED_SCHEMA with the log day, and whether the event was late."""


def day_boundaries(records: pa.Table) -> dict[int, dict[date, int]]:
    """Returns, by Kafka partition, the lowest offset of each record date."""
    dated = records.select(["kafka_partition", "kafka_offset"]).append_column(
        "record_day", pc.cast(records["recorded_at"], pa.date32())
    )
    lowest = dated.group_by(["kafka_partition", "record_day"]).aggregate([("kafka_offset", "min")])
    boundaries: dict[int, dict[date, int]] = {}
    for row in lowest.to_pylist():
        boundaries.setdefault(row["kafka_partition"], {})[row["record_day"]] = row[
            "kafka_offset_min"
        ]
    return boundaries


def tag_days(parsed: pa.Table, since: Ledger, ledger: Ledger, late_days: int) -> pa.Table:
    """Adds log day and lateness to the records that landed between two ledgers.

    Args:
        parsed: records in PARSED_SCHEMA.
        since: ledger before the landing.
        ledger: ledger after it.
        late_days: days after its own day within which an event is on time.

    Returns:
        The records in TAGGED_SCHEMA; others are dropped, those of forgotten listeners are emptied.
    """
    landed = forget(parsed.filter(_landed_between(parsed, since, ledger)), ledger)
    days = _log_days(landed, ledger)
    late = pc.greater(pc.days_between(landed["event_day"], days), late_days)
    return landed.append_column("day", days).append_column("is_late", late).cast(TAGGED_SCHEMA)


def _landed_between(parsed: pa.Table, since: Ledger, ledger: Ledger) -> pa.Array:
    offsets = parsed["kafka_offset"].to_numpy()
    is_new = np.zeros(len(offsets), bool)
    for partition, is_here in _by_partition(parsed):
        start, end = since.landed.get(partition, 0), ledger.landed.get(partition, 0)
        is_new |= is_here & (offsets >= start) & (offsets < end)
    return pa.array(is_new)


def _log_days(parsed: pa.Table, ledger: Ledger) -> pa.Array:
    """Returns the log day of each record: `Ledger.day_of` for whole columns."""
    offsets = parsed["kafka_offset"].to_numpy()
    days = np.zeros(len(offsets), "datetime64[D]")
    for partition, is_here in _by_partition(parsed):
        starts = ledger.starts.get(partition, ())
        index = np.searchsorted([first for _, first in starts], offsets[is_here], side="right") - 1
        if index.min() < 0:
            lowest = offsets[is_here].min()
            raise KeyError(
                f"offset {lowest} of partition {partition} is before the first landed day"
            )
        days[is_here] = np.array([day for day, _ in starts], "datetime64[D]")[index]
    return pa.array(days, pa.date32())


def _by_partition(records: pa.Table) -> Iterator[tuple[int, np.ndarray]]:
    """Yields each Kafka partition with the mask of its records."""
    partitions = records["kafka_partition"].to_numpy()
    return ((int(partition), partitions == partition) for partition in np.unique(partitions))


def forget(parsed: pa.Table, ledger: Ledger) -> pa.Table:
    """Replaces the records of forgotten listeners by refusals without content."""
    if not ledger.forgotten:
        return parsed
    users = parsed["user_id"].unique().to_pylist()
    forgotten = [u for u in users if u and user_hash(u) in ledger.forgotten]
    is_candidate = pc.or_(
        pc.is_in(parsed["user_id"], pa.array(forgotten, pa.string())),
        pc.is_valid(parsed["refusal"]),
    )
    candidates = np.flatnonzero(is_candidate.to_numpy())
    is_gone = np.zeros(parsed.num_rows, bool)
    is_gone[candidates] = [_is_forgotten(r, ledger) for r in parsed.take(candidates).to_pylist()]
    refusal = {"refusal": FORGOTTEN, "detail": FORGOTTEN_DETAIL}
    columns = [
        parsed[f.name]
        if f.name in RECORD_COLUMNS
        else pc.if_else(is_gone, pa.scalar(refusal.get(f.name), f.type), parsed[f.name])
        for f in PARSED_SCHEMA
    ]
    return pa.table(columns, schema=PARSED_SCHEMA)


def _is_forgotten(row: dict, ledger: Ledger) -> bool:
    until = ledger.forgotten.get(user_hash(user_of(row)), {})
    return row["kafka_offset"] < until.get(row["kafka_partition"], 0)


def user_of(row: dict) -> str:
    """Returns the listener of a parsed record, even of a refused one; "" if it names nobody."""
    if row.get("user_id"):
        return row["user_id"]
    try:
        message = json.loads(row["payload"] or b"")
    except (ValueError, RecursionError):
        return ""
    user = message.get("user_id") if isinstance(message, dict) else None
    return user if isinstance(user, str) else ""


def user_hash(user_id: str) -> str:
    """Returns what the ledger keeps of a forgotten listener: it identifies, but does not name."""
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()


def split(tagged: pa.Table) -> tuple[pa.Table, list[dict]]:
    """Splits tagged records into rows of USER_EVENTS and of DEAD_LETTERS."""
    is_event = pc.is_null(tagged["refusal"])
    refused = tagged.filter(pc.invert(is_event)).to_pylist()
    letters = [
        dead_letter(r["day"], STAGE, r, r["refusal"], r["detail"], r["payload"]) for r in refused
    ]
    rows = tagged.filter(is_event).select(USER_EVENTS.schema.names).cast(USER_EVENTS.schema)
    return rows, letters


def forgotten_letter(row: dict) -> dict:
    """Returns the dead letter that replaces an event of a forgotten listener."""
    return dead_letter(row["day"], STAGE, row, FORGOTTEN, FORGOTTEN_DETAIL)
