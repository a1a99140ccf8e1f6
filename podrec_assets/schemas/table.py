"""What a Delta table's definition is made of, and the columns that several tables share.

Timestamps are UTC and tz-aware: a naive one would silently raise the Delta protocol. `day` is the
partition.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Table:
    """A Delta table: its name, what one row is, its key within a day, and its columns with their
    meaning.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    schema: pa.Schema

    def empty(self) -> pa.Table:
        """The table with no rows."""
        return self.schema.empty_table()

    def rows(self, rows: Iterable[dict]) -> pa.Table:
        """Rows as Arrow in this table's schema; absent columns are null. Raises pa.ArrowInvalid on
        a wrong type.
        """
        return pa.Table.from_pylist(list(rows), schema=self.schema)


def column(name: str, kind: pa.DataType, meaning: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"comment": meaning})


DAY = column("day", pa.date32(), "Partition day, UTC.")
EPISODE = column("episode_id", pa.string(), "Episode, stable across polls and duplicate feeds.")
SHOW = column("show_id", pa.string(), "Show, stable across its feed's addresses.")
KAFKA = [
    column("kafka_topic", pa.string(), "Topic of the record."),
    column("kafka_partition", pa.int32(), "Kafka partition of the record."),
    column("kafka_offset", pa.int64(), "Offset of the record in its partition."),
    column("recorded_at", UTC_TIMESTAMP, "Timestamp of the Kafka record."),
]
