"""Bounded reads: exactly the records of given offset ranges."""

import time
from collections.abc import Iterator
from typing import NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as RawMessage

from podrec_assets.errors import RetryableError
from podrec_assets.ledger.record_dates import usable_ms
from podrec_assets.stores.kafka.clients import Clients

READ_STALL_S = 30.0


class Record(NamedTuple):
    """A record as read; timestamp_ms is -1 if the log has none within the years 1970 to 9999."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def read_ranges(
    clients: Clients, topic: str, ranges: dict[int, tuple[int, int]], batch: int
) -> Iterator[list[Record]]:
    """Yields batches of the records in non-empty ranges [start, end) by partition.

    Raises:
        RetryableError: the broker stopped answering.
    """
    consumer = clients.consumer()
    try:
        consumer.assign([TopicPartition(topic, p, start) for p, (start, _) in ranges.items()])
        yield from _drain(clients, consumer, topic, dict(ranges), batch)
    finally:
        consumer.close()


def _drain(
    clients: Clients,
    consumer: Consumer,
    topic: str,
    left: dict[int, tuple[int, int]],
    size: int,
) -> Iterator[list[Record]]:
    records: list[Record] = []
    last_message_at = time.monotonic()
    while left:
        # consume() waits for the full number, so a long timeout would stall at each range's end.
        messages = consumer.consume(min(size, 10_000), timeout=0.1)
        if messages:
            last_message_at = time.monotonic()
        elif time.monotonic() - last_message_at > READ_STALL_S:
            raise RetryableError(
                f"Kafka at {clients.bootstrap} sent nothing for {READ_STALL_S:.0f} s; "
                "check the broker."
            )
        for message in messages:
            record = _record(clients, message)
            if record is None:  # the partition ends before its range does: a gap
                left.pop(cast(int, message.partition()), None)
            elif record.partition in left:
                end = left[record.partition][1]
                if record.offset < end:
                    records.append(record)
                # Compaction and transactions leave gaps: the next offset may be past the end.
                if record.offset + 1 >= end:
                    left.pop(record.partition)
                    consumer.incremental_unassign([TopicPartition(topic, record.partition)])
        if len(records) >= size:
            yield records
            records = []
    if records:
        yield records


def _record(clients: Clients, message: RawMessage) -> Record | None:
    """Returns the record of a message; None if it says that a partition has ended."""
    error = message.error()
    if error is not None:
        if error.code() != KafkaError._PARTITION_EOF:
            raise clients.unreachable(KafkaException(error))
        return None
    _, timestamp_ms = message.timestamp()
    return Record(
        cast(str, message.topic()),
        cast(int, message.partition()),
        cast(int, message.offset()),
        usable_ms(timestamp_ms),
        message.key(),
        message.value(),
        tuple(cast(list[tuple[str, bytes]], message.headers() or ())),
    )
