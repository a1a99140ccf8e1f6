"""The message of the topic `user-events`, schema version 1: how it is parsed and refused. Pure.

The rules are on the page docs/reference/events.md.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from podrec_assets.errors import UnusableInputError
from podrec_assets.schemas import EVENT_KINDS, messages
from podrec_assets.settings import Settings

SCHEMA_VERSION = 1
MAX_BYTES = 64 * 1024
FIELDS = frozenset(
    [
        "schema",
        "event_id",
        "user_id",
        "episode_id",
        "kind",
        "completed_share",
        "played_s",
        "duration_s",
        "occurred_at",
        "list_version",
        "position",
    ]
)
"""Fields of a message; others are kept in the column `extra`."""
RefusalReason = Literal[
    "empty", "oversized", "not_utf8", "not_json", "too_deep", "not_an_object", "unknown_schema",
    "missing_field", "bad_type", "bad_text", "bad_number", "empty_id", "bad_id", "unknown_kind",
    "share_out_of_range", "bad_position", "bad_time", "time_without_zone", "from_the_future",
    "bad_count",
]  # fmt: skip
"""Why a message is refused; `bad_count` only by `POST /events`, which takes several at once."""
KNOWN_GOOD = json.dumps(
    {
        "event_id": "known-good",
        "user_id": "known-good",
        "episode_id": "known-good",
        "kind": "like",
        "occurred_at": f"{Settings.start_day}T00:00:00Z",
    }
).encode()
"""A message without fault; where even it fails, the fault is not in a record."""


@dataclass
class Refusal(Exception):
    """A message cannot be used: a short code, and one sentence."""

    reason: RefusalReason
    detail: str

    def __str__(self) -> str:
        return self.detail


def parse(value: bytes | None, written_by: datetime, future_skew_s: int) -> dict:
    """Returns the event in a message, as columns.

    Args:
        value: raw bytes of the record.
        written_by: latest time at which the record can have been written, tz-aware.
        future_skew_s: seconds by which an event may be ahead of its record.

    Raises:
        Refusal: the message breaks a rule.
    """
    message = _decode(value)
    if message.get("schema", SCHEMA_VERSION) != SCHEMA_VERSION or isinstance(
        message.get("schema"), bool
    ):
        given = repr(message["schema"])[:80]
        raise Refusal("unknown_schema", f"schema {given} is not {SCHEMA_VERSION}")
    event_id = _identifier(message, "event_id")
    user_id = _identifier(message, "user_id")
    episode_id = _identifier(message, "episode_id")
    kind = _required(message, "kind")
    if not isinstance(kind, str) or kind not in EVENT_KINDS:
        known = ", ".join(EVENT_KINDS)
        raise Refusal("unknown_kind", f"kind {str(kind)[:40]!r} is none of {known}")
    occurred_at = _time(message)
    if (occurred_at - written_by).total_seconds() > future_skew_s:
        raise Refusal(
            "from_the_future",
            f"occurred_at {occurred_at.isoformat()} is after its record, which was written by "
            f"{written_by.isoformat()}",
        )
    has_share = EVENT_KINDS[kind].has_completed_share
    share = _share(message) if has_share else None
    is_known = FIELDS.issuperset(message)
    extra = {} if is_known else {k: v for k, v in message.items() if k not in FIELDS}
    if has_share and share is None:
        extra["played_s"] = message["played_s"]
    list_version, position = _list_version(message), _position(message)
    if value and messages.may_hold_half_pairs(value):
        check_storable(message)
    return {
        "event_id": event_id,
        "user_id": user_id,
        "episode_id": episode_id,
        "kind": kind,
        "completed_share": share,
        "occurred_at": occurred_at,
        "event_day": occurred_at.date(),
        "list_version": list_version,
        "position": position,
        "extra": _json(extra) if extra else None,
    }


def _json(extra: dict) -> str:
    try:
        return json.dumps(extra, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except ValueError:
        check_storable(extra)
        raise


def _decode(value: bytes | None) -> dict:
    if not value:
        raise Refusal("empty", "the record has no value")
    if len(value) > MAX_BYTES:
        raise Refusal("oversized", f"{len(value)} bytes are more than {MAX_BYTES}")
    try:
        message = messages.decode_json(value)
    except UnusableInputError as err:
        raise _refusal(err) from err
    if not isinstance(message, dict):
        raise Refusal("not_an_object", f"a JSON {type(message).__name__} is not an object")
    return message


def check_storable(message: dict) -> None:
    """Checks every field, also those that are not used, for what no column can hold.

    Raises:
        Refusal: reason bad_text or bad_number; names the field.
    """
    try:
        messages.check_storable(message)
    except UnusableInputError as err:
        raise _refusal(err) from err


def read_document(body: bytes) -> Any:
    """Returns the JSON document that `POST /events` received: one event or an array of them.

    Raises:
        Refusal: it is not JSON, or nested too deep.
    """
    try:
        # An array of events adds a level.
        return messages.parse_json(messages.text_of(body), max_depth=messages.MAX_DEPTH + 1)
    except UnusableInputError as err:
        raise _refusal(err) from err


def _refusal(err: UnusableInputError) -> Refusal:
    return Refusal(cast(RefusalReason, err.reason), str(err)[:200])


def _required(message: dict, name: str) -> object:
    if message.get(name) is None:
        raise Refusal("missing_field", f"{name} is missing")
    return message[name]


def _identifier(message: dict, name: str) -> str:
    value = _required(message, name)
    if not isinstance(value, str):
        raise Refusal("bad_type", f"{name} is a {type(value).__name__}, not a string")
    if problem := messages.id_problem(value):
        raise Refusal("empty_id" if problem == "is empty" else "bad_id", f"{name} {problem}")
    return value


def _list_version(message: dict) -> str | None:
    value = message.get("list_version")
    return None if value in (None, "") else _identifier(message, "list_version")


def _number(message: dict, name: str) -> float:
    value = _required(message, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("bad_type", f"{name} is a {type(value).__name__}, not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refusal("bad_type", f"{name} is too large")
    return number


def _share(message: dict) -> float | None:
    """Returns completed_share, or played_s / duration_s; None if only played_s is known."""
    if message.get("completed_share") is not None:
        share = _number(message, "completed_share")
    elif message.get("played_s") is None:
        raise Refusal("missing_field", "a play needs completed_share or played_s")
    else:
        played = _number(message, "played_s")
        duration = _number(message, "duration_s") if message.get("duration_s") is not None else None
        if played < 0 or (duration is not None and duration <= 0):
            raise Refusal(
                "share_out_of_range", f"played_s {played} of duration_s {duration} is no share"
            )
        if duration is None:
            return None
        share = min(played / duration, 1.0)
    if not 0 <= share <= 1:
        raise Refusal("share_out_of_range", f"completed_share {share} is not within 0 and 1")
    return share


def _position(message: dict) -> int | None:
    value = message.get("position")
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # some software has no whole numbers
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal("bad_type", f"position is a {type(value).__name__}, not an integer")
    if not 0 <= value < 2**31:
        raise Refusal("bad_position", f"position {str(value)[:40]} is out of range")
    return value


def _time(message: dict) -> datetime:
    value = _required(message, "occurred_at")
    if not isinstance(value, str):
        raise Refusal("bad_type", f"occurred_at is a {type(value).__name__}, not a string")
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            raise Refusal("time_without_zone", f"occurred_at {value!r} has no zone")
        time = time.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise Refusal("bad_time", f"occurred_at {value[:40]!r} is not an ISO 8601 time") from err
    if time.date() < Settings.start_day:
        raise Refusal(
            "bad_time",
            f"occurred_at {value[:40]!r} is before the tables' first day {Settings.start_day}",
        )
    return time
