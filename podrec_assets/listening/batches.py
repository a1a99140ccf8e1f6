"""Batches of event records in Arrow: their dates by offset, their log days, and the split into rows and dead letters. Pure."""

import hashlib
import json
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.listening.events import PARSED_SCHEMA
from podrec_assets.listening.offsets import Ledger
from podrec_assets.schemas import USER_EVENTS

STAGE = USER_EVENTS.name
FORGOTTEN, FORGOTTEN_DETAIL = "forgotten", "The listener asked to be forgotten."
PLACE = ("kafka_topic", "kafka_partition", "kafka_offset", "recorded_at")
TAGGED_SCHEMA = pa.schema([*PARSED_SCHEMA, pa.field("day", pa.date32()), pa.field("is_late", pa.bool_())])
"""PARSED_SCHEMA with the log day and whether the event came late."""


def day_boundaries(records: pa.Table) -> dict[int, dict[date, int]]:
    """By Kafka partition, the lowest offset that bears each record date."""
    dated = records.select(["kafka_partition", "kafka_offset"]).append_column(
        "stamped", pc.cast(records["recorded_at"], pa.date32())
    )
    found: dict[int, dict[date, int]] = {}
    for row in dated.group_by(["kafka_partition", "stamped"]).aggregate([("kafka_offset", "min")]).to_pylist():
        found.setdefault(row["kafka_partition"], {})[row["stamped"]] = row["kafka_offset_min"]
    return found


def tag_days(parsed: pa.Table, since: Ledger, ledger: Ledger, late_days: int) -> pa.Table:
    """The parsed records that `ledger` has landed and `since` had not, with log day and lateness, in TAGGED_SCHEMA."""
    places = list(zip(parsed["kafka_partition"].to_pylist(), parsed["kafka_offset"].to_pylist(), strict=True))
    fresh = [since.landed.get(p, 0) <= o < ledger.landed.get(p, 0) for p, o in places]
    kept = forget(parsed.filter(pa.array(fresh, pa.bool_())), ledger)
    days = [ledger.day_of(p, o) for (p, o), is_fresh in zip(places, fresh, strict=True) if is_fresh]
    allowed = timedelta(days=late_days)
    late = [None if e is None else d - e > allowed for d, e in zip(days, kept["event_day"].to_pylist(), strict=True)]
    tagged = kept.append_column("day", pa.array(days, pa.date32())).append_column("is_late", pa.array(late, pa.bool_()))
    return tagged.cast(TAGGED_SCHEMA)


def forget(parsed: pa.Table, ledger: Ledger) -> pa.Table:
    """The parsed records, those of forgotten listeners as refusals without any content."""
    if not ledger.forgotten:
        return parsed
    empty = dict.fromkeys(PARSED_SCHEMA.names)
    refused = {"refusal": FORGOTTEN, "detail": FORGOTTEN_DETAIL}
    rows = [{**empty, **{k: r[k] for k in PLACE}, **refused} if _is_forgotten(r, ledger) else r for r in parsed.to_pylist()]
    return pa.Table.from_pylist(rows, schema=PARSED_SCHEMA)


def _is_forgotten(row: dict, ledger: Ledger) -> bool:
    until = ledger.forgotten.get(user_hash(user_of(row)), {})
    return row["kafka_offset"] < until.get(row["kafka_partition"], 0)


def user_of(row: dict) -> str:
    """The listener of a parsed record, also of one that was refused but names them; "" where nobody is named."""
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
    return tagged.filter(is_event).select(USER_EVENTS.schema.names).cast(USER_EVENTS.schema), letters


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
