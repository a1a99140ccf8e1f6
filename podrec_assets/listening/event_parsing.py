"""Parses records of `user-events` in Arrow into events, and refusals with a reason. Pure."""

from datetime import UTC, datetime

import pyarrow as pa

from podrec_assets.listening.event_message import KNOWN_GOOD, MAX_BYTES, Refusal, parse
from podrec_assets.schemas import UTC_TIMESTAMP
from podrec_assets.schemas.dead_letters import UNREADABLE, unreadable_detail
from podrec_assets.schemas.table import KAFKA

PARSED_SCHEMA = pa.schema(
    [
        *((f.name, f.type) for f in KAFKA),
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("episode_id", pa.string()),
        ("kind", pa.string()),
        ("completed_share", pa.float64()),
        ("occurred_at", UTC_TIMESTAMP),
        ("event_day", pa.date32()),
        ("list_version", pa.string()),
        ("position", pa.int32()),
        ("extra", pa.string()),
        ("refusal", pa.string()),
        ("detail", pa.string()),
        ("payload", pa.binary()),
    ]
)
"""Parsed records: each is an event, or a refusal with its reason, detail and raw bytes."""
_PARSE_ROWS = 10_000
"""Records that are Python objects at the same time; the others stay in Arrow."""


def parse_batch(records: pa.Table, future_skew_s: int) -> pa.Table:
    """Parses records (columns KAFKA, `value` and `written_by`) into PARSED_SCHEMA, in order."""
    parts = (records.slice(start, _PARSE_ROWS) for start in range(0, records.num_rows, _PARSE_ROWS))
    return pa.concat_tables(
        [PARSED_SCHEMA.empty_table(), *(_parse_part(part, future_skew_s) for part in parts)]
    )


def _parse_part(records: pa.Table, future_skew_s: int) -> pa.Table:
    # Arrow converts a column to naive datetimes many times faster than to zoned ones.
    stamps = records["written_by"].cast(pa.timestamp("us")).to_numpy().tolist()
    rows = [
        _parse_or_refuse(value, stamp.replace(tzinfo=UTC), future_skew_s)
        for value, stamp in zip(records["value"].to_pylist(), stamps, strict=True)
    ]
    return _with_record_columns(records, rows)


def _with_record_columns(records: pa.Table, rows: list[dict]) -> pa.Table:
    parsed = pa.Table.from_pylist(rows, schema=pa.schema([*PARSED_SCHEMA][len(KAFKA) :]))
    from_record = records.select([f.name for f in KAFKA])
    return pa.table([*from_record.columns, *parsed.columns], schema=PARSED_SCHEMA)


def _parse_or_refuse(value: bytes | None, written_by: datetime, future_skew_s: int) -> dict:
    try:
        return parse(value, written_by, future_skew_s)
    except Refusal as refusal:
        return _refused(value, refusal.reason, refusal.detail)
    except MemoryError:
        raise
    except Exception as err:
        parse(KNOWN_GOOD, written_by, future_skew_s)  # if it fails too, podrec is at fault
        return _refused(value, UNREADABLE, unreadable_detail(err))


def refuse_unreadable(records: pa.Table, errors: list[Exception]) -> pa.Table:
    """Returns records as refusals in PARSED_SCHEMA, each with the error that it caused."""
    rows = [
        _refused(value, UNREADABLE, unreadable_detail(err))
        for value, err in zip(records["value"].to_pylist(), errors, strict=True)
    ]
    return _with_record_columns(records, rows)


def _refused(value: bytes | None, reason: str, detail: str) -> dict:
    payload = None if value is None else value[:MAX_BYTES]
    return {"refusal": reason, "detail": detail, "payload": payload}
