"""Generated messages for both topics: any bytes, any JSON, and any mutation of a valid message."""

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
"""With halves of surrogate pairs and control characters."""
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
RAW = st.sampled_from(
    [
        b"1e999", b"-1e999", b"1e-999", b"9" * 400, b"9" * 5000, b"0." + b"9" * 5000, b"NaN",
        b"-Infinity", b'"\\ud83d"', b'"\\ud83d\\ude00"', b'{"\\udbff": 1}', b'[{"a": "\\udc00"}]',
        b'"\\u0000"', b'"\xed\xa0\xbd"', b'"\xef\xbb\xbf"', b"[" * 90 + b"]" * 90,
        b"[" * 950 + b"]" * 950, b'{"a":' * 950 + b"1" + b"}" * 950, b"[" * 950,
        b'"' + b"x" * 70_000 + b'"',
        b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59.999999-14:00"',
        b'"9999-12-31T23:59:59Z"', b'"0001-01-01T00:00:00Z"', b"2147483648", b"-1", b"1.0", b'""',
        b'"2026-01-01T00:00:00+23:59:59.999999"', b'"\\u202e"', b'"\\u200d"', b"\xff", b"",
    ]
)  # fmt: skip
"""JSON values, or what looks like them, as bytes."""


def mutations(valid: dict[str, Any]) -> st.SearchStrategy[bytes | None]:
    """Returns messages that are nothing, any bytes, any JSON, or a valid message changed."""
    names = st.sampled_from([*valid, "note"]) | ANY_TEXT
    good = json.dumps(valid).encode()

    def with_field(name: str, value: bytes) -> bytes:
        rest = json.dumps({k: v for k, v in valid.items() if k != name}).encode()
        return b"{" + json.dumps(name).encode() + b": " + value + b", " + rest[1:]

    def with_bytes(place: int, count: int, inserted: bytes) -> bytes:
        start = place % (len(good) + 1)
        return good[:start] + inserted + good[start + count :]

    dumped = st.builds(lambda document: json.dumps(document).encode(), ANY_JSON)
    return st.one_of(
        st.none(),
        st.binary(max_size=80),
        dumped,
        *[st.builds(with_field, names, dumped | RAW)] * 3,
        st.builds(with_bytes, st.integers(0), st.integers(0, 40), st.binary(max_size=8) | RAW),
        st.just(good),
    )


def sample(strategy: st.SearchStrategy[bytes | None], count: int) -> list[bytes | None]:
    """Returns the same `count` examples at every call, for tests that land them in one batch."""
    values: list[bytes | None] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(strategy)
    def collect(value: bytes | None) -> None:
        values.append(value)

    collect()
    return values
