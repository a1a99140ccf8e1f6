"""Event records in Arrow: their log days, and the split into rows and dead letters. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.errors import UnusableInputError
from podrec_assets.ledger.gaps import Places
from podrec_assets.ledger.ledger import FirstOffsets, Ledger, Offsets
from podrec_assets.listening.event_parsing import PARSED_SCHEMA
from podrec_assets.schemas import USER_EVENTS, dead_letter, messages
from podrec_assets.schemas.table import KAFKA

STAGE = USER_EVENTS.name
QUIET = timedelta(days=32)
"""How long a partition may have gone without a record that has a usable timestamp."""
FORGOTTEN, FORGOTTEN_DETAIL = "forgotten", "The listener asked to be forgotten."
RECORD_COLUMNS = tuple(f.name for f in KAFKA)
TAGGED_SCHEMA = pa.schema(
    [*PARSED_SCHEMA, pa.field("day", pa.date32()), pa.field("is_late", pa.bool_())]
)
"""PARSED_SCHEMA with the log day, and whether the event was late."""


POSITION_COLUMNS = ("kafka_partition", "kafka_offset", "recorded_at")
"""Columns of the records of a batch that say where they are in the log."""


def day_boundaries(positions: pa.Table) -> FirstOffsets:
    """Returns, by Kafka partition, the lowest offset of each record date."""
    dated = positions.append_column("record_day", pc.cast(positions["recorded_at"], pa.date32()))
    lowest = dated.group_by(["kafka_partition", "record_day"]).aggregate([("kafka_offset", "min")])
    boundaries: FirstOffsets = {}
    for row in lowest.to_pylist():
        boundaries.setdefault(row["kafka_partition"], {})[row["record_day"]] = row[
            "kafka_offset_min"
        ]
    return boundaries


def ends(positions: pa.Table) -> Offsets:
    """Returns, by Kafka partition, one past the highest offset."""
    highest = positions.group_by("kafka_partition").aggregate([("kafka_offset", "max")])
    return {r["kafka_partition"]: r["kafka_offset_max"] + 1 for r in highest.to_pylist()}


def record_counts(positions: pa.Table, since: Ledger, ledger: Ledger) -> Places:
    """Returns how many of the records landed between two ledgers, by log day and partition."""
    landed = positions.filter(_landed_between(positions, since, ledger))
    placed = landed.append_column("day", _log_days(landed, ledger))
    counts = placed.group_by(["day", "kafka_partition"]).aggregate([([], "count_all")])
    return Counter({(r["day"], r["kafka_partition"]): r["count_all"] for r in counts.to_pylist()})


def bound_times(records: pa.Table, since: Ledger, ledger: Ledger) -> pa.Table:
    """Returns the records that landed between two ledgers, with the column `written_by`.

    That is the latest time at which a record can have been written: its timestamp, but not long
    after the log day that its partition had reached, because only a wrong timestamp is.
    """
    landed = records.filter(_landed_between(records, since, ledger))
    naive = pa.timestamp("us")  # Arrow has no minimum of zoned times
    limit = pc.add(_log_days(landed, ledger).cast(naive), pa.scalar(QUIET))
    written_by = pc.min_element_wise(landed["recorded_at"].cast(naive), limit)
    return landed.append_column("written_by", written_by)


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


def _landed_between(records: pa.Table, since: Ledger, ledger: Ledger) -> pa.Array:
    offsets = records["kafka_offset"].to_numpy()
    is_new = np.zeros(len(offsets), bool)
    for partition, is_here in _by_partition(records):
        start, end = since.landed.get(partition, 0), ledger.landed.get(partition, 0)
        is_new |= is_here & (offsets >= start) & (offsets < end)
    return pa.array(is_new)


def _log_days(records: pa.Table, ledger: Ledger) -> pa.Array:
    """Returns the log day of each record: `Ledger.day_of` for whole columns."""
    offsets = records["kafka_offset"].to_numpy()
    days = np.zeros(len(offsets), "datetime64[D]")
    for partition, is_here in _by_partition(records):
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
        message = messages.parse_json(messages.text_of(row["payload"] or b""), takes_nan=True)
    except UnusableInputError:
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
