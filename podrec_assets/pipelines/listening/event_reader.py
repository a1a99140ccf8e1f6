"""Where events come from and how a batch of them is written: what an engine has to offer to
`EventLanding`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

import pyarrow as pa

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.schemas import USER_EVENTS

Ranges = dict[int, tuple[int, int]]
"""Kafka partition -> offsets [start, end)."""


class Batch(Protocol):
    """Some Kafka records, wherever they are held."""

    def earliest(self) -> dict[int, dict[date, int]]:
        """By partition, the lowest offset of each record date."""
        ...

    def ends(self) -> dict[int, int]:
        """By partition, one past the highest offset."""
        ...

    def tagged(self, since: Ledger, ledger: Ledger) -> "Tagged":
        """The records that `ledger` has landed and `since` had not, parsed, with their log day."""
        ...


class Tagged(Protocol):
    """Parsed records with their log days, split into rows and dead letters."""

    def dead_letters(self) -> list[dict]:
        """Rows of DEAD_LETTERS."""
        ...

    def append(self, metadata_days: list[date], ledger: Ledger) -> None:
        """Appends the rows with the ledger in one commit."""
        ...

    def replace(self, days: list[date], ledger: Ledger) -> None:
        """Replaces the days by the rows in one commit."""
        ...

    def touched(self) -> list[tuple[date, date, int]]:
        """(log day, event day, rows) that occur."""
        ...


class EventReader(Protocol):
    """Where batches come from: Structured Streaming, or a plain consumer."""

    def stream(self, start: dict[int, int], land: "LandBatch") -> None:
        """Calls `land` with bounded batches from `start` up to the topic's end."""
        ...

    def read(self, ranges: Ranges) -> Iterable[Batch]:
        """Batches of exactly the ranges."""
        ...


class LandBatch(Protocol):
    def __call__(self, batch: Batch) -> None: ...


def record_schema() -> pa.Schema:
    """Columns of raw records as both engines hand them to the parser."""
    kept = ("kafka_topic", "kafka_partition", "kafka_offset", "recorded_at")
    return pa.schema([*(USER_EVENTS.schema.field(n) for n in kept), pa.field("value", pa.binary())])
