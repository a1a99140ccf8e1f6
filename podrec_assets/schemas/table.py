"""The definition of a Delta table, and columns that several tables share.

`day` is the partition. Timestamps are UTC and tz-aware: a naive one would silently raise the Delta
protocol version.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Table:
    """A Delta table.

    Attributes:
        name: folder under the lake's root.
        grain: what one row is.
        key: columns that identify a row within a day.
        schema: columns, each with its meaning as the comment.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    schema: pa.Schema

    def empty(self) -> pa.Table:
        """Returns the table without rows."""
        return pa.Table.from_batches([], self.schema)  # empty_table() imports pandas

    def rows(self, rows: Iterable[dict]) -> pa.Table:
        """Converts rows to Arrow in this schema; absent columns are null.

        Raises:
            pa.ArrowInvalid: a value has the wrong type.
        """
        return pa.Table.from_pylist(list(rows), schema=self.schema)


def column(name: str, kind: pa.DataType, meaning: str, nullable: bool = True) -> pa.Field:
    """Returns a column whose comment is its meaning."""
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
