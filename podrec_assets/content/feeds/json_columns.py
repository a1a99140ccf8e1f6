"""JSON values as the columns of a schema: checked for type and range, never coerced. Pure."""

import math
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow as pa

from podrec_assets.errors import UnusableInputError
from podrec_assets.redaction import without_credentials

Number = TypeVar("Number", int, float)
MAX_TEXT = 200_000
"""Longest text of one field, in characters; what is beyond is cut."""
_ADDRESSES = {"feed_url", "link", "image_url", "audio_url", "url", "guid"}
"""Columns that are never stored with a user name and password."""


def column_value(field: pa.Field, value: Any) -> Any:
    """Returns a JSON value as its column stores it; null stays null.

    Raises:
        UnusableInputError: reason bad_type.
    """
    if value is None:
        return None
    for is_type, convert in _CONVERTERS:
        if is_type(field.type):
            try:
                return convert(field, value)
            except (TypeError, ValueError, OverflowError) as err:
                raise UnusableInputError(
                    "bad_type", f"{field.name} cannot be {str(value)[:80]!r}: {err}."
                ) from err
    raise AssertionError(f"no converter for {field}")


def _text(field: pa.Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected text")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        raise ValueError("half a surrogate pair is not text") from err
    text = value[:MAX_TEXT]
    return without_credentials(text) if field.name in _ADDRESSES else text


def _number(_: pa.Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("expected a finite number")
    return _not_negative(float(value))


def _integer(field: pa.Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    if value >= 2 ** (field.type.bit_width - 1):
        raise ValueError("out of range")
    return _not_negative(value)


def _not_negative(value: Number) -> Number:
    """Returns a length, size or number of an episode."""
    if value < 0:
        raise ValueError("it is negative")
    return value


def _boolean(_: pa.Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


def _timestamp(_: pa.Field, value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("expected a time zone")
    return at.astimezone(UTC)


def _links(field: pa.Field, value: Any) -> list[dict]:
    if not isinstance(value, list) or not all(
        isinstance(link, dict) and link.get("url") for link in value
    ):
        raise TypeError("expected a list of objects with a url")
    return [
        {part.name: column_value(part, link.get(part.name)) for part in field.type.value_type}
        for link in value
    ]


_CONVERTERS = (
    (pa.types.is_string, _text),
    (pa.types.is_floating, _number),
    (pa.types.is_integer, _integer),
    (pa.types.is_boolean, _boolean),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_list, _links),
)
