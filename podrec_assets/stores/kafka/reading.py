"""Records in ranges of offsets."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple, cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as RawMessage

from podrec_assets.errors import DataLossError, RetryableError
from podrec_assets.stores.kafka.connection import logger
from podrec_assets.stores.kafka.topics import Topics

READ_STALL_S = 30.0
BATCH = 50_000


class Record(NamedTuple):
    """A record as read; timestamp_ms is -1 where the log has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class Reading(Topics):
    """Bounded reads."""

    def first_record_days(self, topic: str, start: dict[int, int]) -> dict[int, date]:
        """By partition, the date of its first record at or after `start`; partitions without one
        are absent.
        """
        ends, low = self.end_offsets(topic), self.begin_offsets(topic)
        firsts = {p: max(start.get(p, 0), low[p]) for p in ends}
        ranges = {p: (o, o + 1) for p, o in firsts.items() if o < ends[p]}
        records = [r for batch in self.read(topic, ranges) for r in batch]
        return {
            r.partition: datetime.fromtimestamp(r.timestamp_ms / 1000, UTC).date() for r in records
        }

    def read(
        self, topic: str, ranges: dict[int, tuple[int, int]], batch: int = BATCH
    ) -> Iterator[list[Record]]:
        """Batches of all records in the ranges [start, end), in offset order within a partition.

        Raises:
            DataLossError: retention removed the start of a range, or there is no such partition.
            RetryableError: the broker stopped answering.
        """
        ranges = {p: r for p, r in ranges.items() if r[1] > r[0]}
        if not ranges:
            return
        low = self.begin_offsets(topic)
        for partition, (start, _) in ranges.items():
            if partition not in low:
                raise DataLossError(f"{topic} has no partition {partition}.")
            if start < low[partition]:
                raise DataLossError(
                    f"{topic} partition {partition} no longer holds offsets {start} to {low[partition] - 1}."
                )
        consumer = Consumer(
            {
                **self._base,
                "group.id": "podrec-read",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                # A reader that empties the queue would wait a whole second, the default, for what
                # the broker has ready.
                "fetch.queue.backoff.ms": 20,
            },
            logger=logger,
        )
        try:
            consumer.assign([TopicPartition(topic, p, start) for p, (start, _) in ranges.items()])
            yield from self._drain(consumer, topic, dict(ranges), batch)
        finally:
            consumer.close()

    def _drain(
        self, consumer: Consumer, topic: str, left: dict[int, tuple[int, int]], size: int
    ) -> Iterator[list[Record]]:
        gathered: list[Record] = []
        heard_at = time.monotonic()
        while left:
            # consume() waits for all that it was asked for, so a long timeout would stall at the
            # end of every range.
            messages = consumer.consume(min(size, 10_000), timeout=0.1)
            if messages:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > READ_STALL_S:
                raise RetryableError(
                    f"Kafka at {self.bootstrap} sent nothing for {READ_STALL_S:.0f} s; check the broker."
                )
            for message in messages:
                record = self._checked(message)
                if record is None:  # the end of a partition, before the end of its range: a gap
                    left.pop(cast(int, message.partition()), None)
                elif record.partition in left:
                    end = left[record.partition][1]
                    if record.offset < end:
                        gathered.append(record)
                    # Gaps of compaction or transactions: the next offset may lie beyond the end.
                    if record.offset + 1 >= end:
                        left.pop(record.partition)
                        consumer.incremental_unassign([TopicPartition(topic, record.partition)])
            if len(gathered) >= size:
                yield gathered
                gathered = []
        if gathered:
            yield gathered

    def _checked(self, message: RawMessage) -> Record | None:
        """The record in a message; None for the note that a partition has ended."""
        error = message.error()
        if error is None:
            return _record(message)
        if error.code() != KafkaError._PARTITION_EOF:
            raise self._unreachable(KafkaException(error))
        return None


def _record(message: RawMessage) -> Record:
    kind, stamp = message.timestamp()
    known = stamp if kind != OFFSET_INVALID and stamp >= 0 else -1
    place = (
        cast(str, message.topic()),
        cast(int, message.partition()),
        cast(int, message.offset()),
    )
    return Record(*place, known, message.key(), message.value())
