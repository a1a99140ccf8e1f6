"""What an engine must offer to land events: a reader, its batches, and how they are written."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

import pyarrow as pa

from podrec_assets.ledger.ledger import Ledger, Offsets
from podrec_assets.schemas.table import KAFKA

Ranges = dict[int, tuple[int, int]]
"""Kafka partition -> offsets [start, end)."""
RECORD_SCHEMA = pa.schema([*KAFKA, pa.field("value", pa.binary())])
"""Raw records, as both engines pass them to the parser."""


class ParsedBatch(Protocol):
    """Parsed records with their log days: rows of USER_EVENTS and dead letters."""

    def dead_letters(self) -> list[dict]:
        """Returns the refused records as rows of DEAD_LETTERS."""
        ...

    def append(self, days: list[date], ledger: Ledger) -> None:
        """Appends the rows and records the days and the ledger, in one commit."""
        ...

    def replace(self, days: list[date], ledger: Ledger) -> None:
        """Replaces the rows of the days and records the ledger, in one commit."""
        ...

    def row_counts(self) -> list[tuple[date, date, int]]:
        """Returns (log day, event day, number of rows) for each pair of days."""
        ...


class Batch(Protocol):
    """Some Kafka records."""

    def positions(self) -> pa.Table:
        """Returns partition, offset and timestamp of each record."""
        ...

    def to_arrow(self) -> pa.Table:
        """Returns the records in RECORD_SCHEMA."""
        ...

    def parse(self, since: Ledger, ledger: Ledger) -> ParsedBatch:
        """Parses the records that `ledger` has landed and `since` had not."""
        ...


LandBatch = Callable[[Batch], None]


class EventReader(Protocol):
    """Reads the events topic."""

    def stream(self, start: Offsets, land: LandBatch) -> None:
        """Calls `land` with bounded batches, from `start` to the end of the topic."""
        ...

    def read(self, ranges: Ranges) -> Iterable[Batch]:
        """Yields batches of exactly these offsets."""
        ...
