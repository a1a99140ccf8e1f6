"""The `KafkaStore`: topics and their offsets, bounded reads, and producing."""

import time
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import NewTopic

from podrec_assets.errors import DataLossError, RetryableError
from podrec_assets.ledger.record_dates import date_of
from podrec_assets.stores.kafka import producing
from podrec_assets.stores.kafka.clients import Clients
from podrec_assets.stores.kafka.consuming import Record, read_ranges
from podrec_assets.stores.kafka.producing import Message, Refused

PING_S = 3.0
TIMEOUT_S = 10.0
SETTLE_S = 2.0
"""How long a part of the cluster may not know a new topic."""
BATCH = 50_000
PRODUCE_S = 60.0


@dataclass
class KafkaStore:
    """One Kafka cluster, connected on first use.

    Attributes:
        bootstrap: host:port[,host:port].
        extra: further librdkafka properties (SASL, TLS).
    """

    bootstrap: str
    extra: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def clients(self) -> Clients:
        return Clients(self.bootstrap, self.extra)

    def ping(self) -> None:
        """Raises RetryableError if no broker answers at once."""
        try:
            self.clients.metadata.list_topics(timeout=PING_S)
        except KafkaException as err:
            raise self.clients.unreachable(err) from err

    def ensure_topic(self, topic: str, partitions: int) -> None:
        """Creates the topic unless it exists, and waits until its partitions are known."""
        new = NewTopic(
            topic, num_partitions=partitions, replication_factor=-1, config={"retention.ms": "-1"}
        )
        creation = self.clients.admin.create_topics([new], request_timeout=TIMEOUT_S)[topic]
        try:
            creation.result(2 * TIMEOUT_S)
        except KafkaException as err:
            if err.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self.clients.unreachable(err) from err
        # The broker acknowledges a topic before it lists the partitions.
        deadline = time.monotonic() + TIMEOUT_S
        while not self.partitions(topic):
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Kafka at {self.bootstrap} created {topic} but does not list it; run again."
                )
            time.sleep(0.05)

    def partitions(self, topic: str) -> list[int]:
        """The topic's partitions; [] if it does not exist."""
        try:
            # Also refreshes this consumer's own view of the partitions.
            topics = self.clients.metadata.list_topics(topic, timeout=TIMEOUT_S).topics
        except KafkaException as err:
            raise self.clients.unreachable(err) from err
        listed = topics.get(topic)
        return sorted(listed.partitions) if listed and listed.error is None else []

    def topic_id(self, topic: str) -> str:
        """The id that distinguishes a topic from a later one of the same name."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            description = self.clients.admin.describe_topics(
                TopicCollection([topic]), request_timeout=TIMEOUT_S
            )[topic]
            try:
                return str(description.result(2 * TIMEOUT_S).topic_id)
            except KafkaException as err:
                # A new topic is not known to the whole cluster at once.
                is_unknown = err.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
                if not is_unknown or time.monotonic() > deadline:
                    raise self.clients.unreachable(err) from err
            time.sleep(0.1)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Next offset of each partition; where a transaction is open, its first offset."""
        return {p: high for p, (_, high) in self._watermarks(topic).items()}

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """Lowest offset that each partition still holds."""
        return {p: low for p, (low, _) in self._watermarks(topic).items()}

    def offsets_for_day(self, topic: str, day: date) -> dict[int, int]:
        """By partition, the first offset stamped at or after midnight UTC; the end if none is."""
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        ends = self.end_offsets(topic)
        if not ends:
            return {}
        wanted = [TopicPartition(topic, p, midnight) for p in ends]
        try:
            offsets = self.clients.metadata.offsets_for_times(wanted, timeout=TIMEOUT_S)
        except KafkaException as err:
            raise self.clients.unreachable(err) from err
        return {t.partition: t.offset if t.offset >= 0 else ends[t.partition] for t in offsets}

    def first_record_days(self, topic: str, start: dict[int, int]) -> dict[int, date | None]:
        """By partition, the date of the first record at or after `start`; absent without one.

        The date is None if the record has no usable timestamp.
        """
        ends, low = self.end_offsets(topic), self.begin_offsets(topic)
        days: dict[int, date | None] = {}
        for partition, end in ends.items():
            first = max(start.get(partition, 0), low[partition])
            # Any number of offsets without a record may come first.
            with closing(self.read(topic, {partition: (first, end)}, batch=1)) as batches:
                for record in next(batches, []):
                    days.setdefault(partition, date_of(record.timestamp_ms))
        return days

    def read(
        self, topic: str, ranges: dict[int, tuple[int, int]], batch: int = BATCH
    ) -> Generator[list[Record]]:
        """Yields batches of all records in the ranges [start, end), in order within a partition.

        Only committed ones: aborted records and transaction markers are offsets without a record.

        Raises:
            DataLossError: retention removed the start of a range, or the partition does not exist.
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
                    f"{topic} partition {partition} no longer holds offsets "
                    f"{start} to {low[partition] - 1}."
                )
        yield from read_ranges(self.clients, topic, ranges, batch)

    def produce(
        self,
        topic: str,
        messages: Iterable[Message],
        within_s: float = PRODUCE_S,
        refused: Refused | None = None,
    ) -> int:
        """Produces messages in order and returns their number once all are acknowledged.

        Args:
            topic: topic to write to.
            messages: what to produce; the order is kept within a partition.
            within_s: longest time that one record may take.
            refused: called with each record that Kafka does not take; by default that is an error.

        Raises:
            PermanentError: a record was refused, and there is no `refused`.
            RetryableError: the broker went away.
        """
        return producing.produce(self.clients, topic, messages, within_s, refused)

    def _watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        consumer = self.clients.metadata
        try:
            return {
                p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=TIMEOUT_S)
                for p in self.partitions(topic)
            }
        except KafkaException as err:
            raise self.clients.unreachable(err) from err
