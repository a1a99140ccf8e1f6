"""Kafka by way of confluent-kafka. The only module that imports it.

Reads are bounded and assign offsets themselves: no consumer group, no commits, so what was read is remembered by tables alone.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import NamedTuple, cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka import Message as RawMessage
from confluent_kafka.admin import AdminClient, NewTopic

from podrec_assets.errors import DataLossError, PermanentError, RetryableError

logger = logging.getLogger(__name__)
# librdkafka tells of every retry; errors that matter come back from the calls.
logger.addHandler(logging.NullHandler())
TIMEOUT_S = 10.0
PING_S = 3.0
SETTLE_S = 2.0
"""How long a topic that was just made may be unknown to a part of the cluster."""
PRODUCE_S = 60.0
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


@dataclass(frozen=True, slots=True)
class Message:
    """A record to produce; without a timestamp it bears the present time."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None


@dataclass
class KafkaStore:
    """One Kafka cluster.

    Attributes:
        bootstrap: host:port[,host:port].
        extra: further librdkafka properties (SASL, TLS).
    """

    bootstrap: str
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    _refusals: list[KafkaError] = field(default_factory=list, repr=False)
    _producers: dict[float, Producer] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def _base(self) -> dict:
        return {"bootstrap.servers": self.bootstrap, "socket.timeout.ms": 10_000, "error_cb": self._noted, **self.extra}

    def _noted(self, error: KafkaError) -> None:
        # A call that waits in vain only says that it timed out; why is told here.
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self._refusals.append(error)

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient(self._base, logger=logger)

    @cached_property
    def _watcher(self) -> Consumer:
        return Consumer({**self._base, "group.id": "podrec-offsets", "enable.auto.commit": False}, logger=logger)

    def ensure_topic(self, topic: str, partitions: int) -> None:
        """Creates the topic unless it exists; it is there for every later question."""
        new = NewTopic(topic, num_partitions=partitions, replication_factor=-1, config={"retention.ms": "-1"})
        try:
            self._admin.create_topics([new], request_timeout=TIMEOUT_S)[topic].result(2 * TIMEOUT_S)
        except KafkaException as err:
            if err.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._unreachable(err) from err
        # The broker acknowledges a topic before it tells of its partitions, and a reader in between sees one without any.
        deadline = time.monotonic() + TIMEOUT_S
        while not self.partitions(topic):
            if time.monotonic() > deadline:
                raise RetryableError(f"Kafka at {self.bootstrap} made {topic} but does not tell of it; run again.")
            time.sleep(0.05)

    def partitions(self, topic: str) -> list[int]:
        """The topic's partitions; none where it does not exist."""
        try:
            # Asked by the watcher, whose own view of the partitions is refreshed by it.
            found = self._watcher.list_topics(topic, timeout=TIMEOUT_S).topics.get(topic)
        except KafkaException as err:
            raise self._unreachable(err) from err
        return sorted(found.partitions) if found and found.error is None else []

    def topic_id(self, topic: str) -> str:
        """The id that tells a topic from another of the same name made later."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            asked = self._admin.describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT_S)[topic]
            try:
                return str(asked.result(2 * TIMEOUT_S).topic_id)
            except KafkaException as err:
                # A topic that has just been made is not known to the whole cluster at once.
                if err.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                    raise self._unreachable(err) from err
            time.sleep(0.1)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Next offset of each partition."""
        return {p: high for p, (_, high) in self._watermarks(topic).items()}

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """Lowest offset that each partition still holds."""
        return {p: low for p, (low, _) in self._watermarks(topic).items()}

    def offsets_for_day(self, topic: str, day: date) -> dict[int, int]:
        """By partition, the first offset stamped on or after midnight UTC of the day, or the end where there is none yet."""
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        ends = self.end_offsets(topic)
        if not ends:
            return {}
        wanted = [TopicPartition(topic, p, midnight) for p in ends]
        try:
            found = self._watcher.offsets_for_times(wanted, timeout=TIMEOUT_S)
        except KafkaException as err:
            raise self._unreachable(err) from err
        return {t.partition: t.offset if t.offset >= 0 else ends[t.partition] for t in found}

    def first_record_days(self, topic: str, start: dict[int, int]) -> dict[int, date]:
        """By partition, the date of its first record at or after `start`; partitions without one are absent."""
        ends, low = self.end_offsets(topic), self.begin_offsets(topic)
        firsts = {p: max(start.get(p, 0), low[p]) for p in ends}
        ranges = {p: (o, o + 1) for p, o in firsts.items() if o < ends[p]}
        records = [r for batch in self.read(topic, ranges) for r in batch]
        return {r.partition: datetime.fromtimestamp(r.timestamp_ms / 1000, UTC).date() for r in records}

    def read(self, topic: str, ranges: dict[int, tuple[int, int]], batch: int = BATCH) -> Iterator[list[Record]]:
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
                raise DataLossError(f"{topic} partition {partition} no longer holds offsets {start} to {low[partition] - 1}.")
        consumer = Consumer(
            {
                **self._base,
                "group.id": "podrec-read",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                # A reader that empties the queue would wait a whole second, the default, for what the broker has ready.
                "fetch.queue.backoff.ms": 20,
            },
            logger=logger,
        )
        try:
            consumer.assign([TopicPartition(topic, p, start) for p, (start, _) in ranges.items()])
            yield from self._drain(consumer, topic, dict(ranges), batch)
        finally:
            consumer.close()

    def _drain(self, consumer: Consumer, topic: str, left: dict[int, tuple[int, int]], size: int) -> Iterator[list[Record]]:
        gathered: list[Record] = []
        heard_at = time.monotonic()
        while left:
            # consume() waits for all that it was asked for, so a long timeout would stall at the end of every range.
            messages = consumer.consume(min(size, 10_000), timeout=0.1)
            if messages:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > READ_STALL_S:
                raise RetryableError(f"Kafka at {self.bootstrap} sent nothing for {READ_STALL_S:.0f} s; check the broker.")
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

    def ping(self) -> None:
        """Raises RetryableError when no broker answers at once."""
        try:
            self._watcher.list_topics(timeout=PING_S)
        except KafkaException as err:
            raise self._unreachable(err) from err

    def produce(self, topic: str, messages: Iterable[Message], within_s: float = PRODUCE_S) -> int:
        """Number of records that the broker acknowledged: all of them.

        Args:
            topic: where to.
            messages: what is produced, in this order within a partition.
            within_s: longest that one of them may take.

        Raises:
            PermanentError: the broker refused a record.
            RetryableError: the broker went away.
        """
        producer = self._producer(within_s)
        failures: list[KafkaError] = []
        acknowledged = 0

        def delivered(error: KafkaError | None, _: RawMessage) -> None:
            nonlocal acknowledged
            if error:
                failures.append(error)
            else:
                acknowledged += 1

        for count, message in enumerate(messages):
            # 0 stands for the present time.
            stamp = message.timestamp_ms or 0
            while True:
                try:
                    producer.produce(topic, message.value, message.key, on_delivery=delivered, timestamp=stamp)
                    break
                except BufferError:
                    producer.poll(0.05)
                except KafkaException as err:
                    self._producers.clear()  # it may hold what was taken before, or be unusable
                    raise PermanentError(f"Kafka cannot take a record: {err.args[0].str()}") from err
            if count % 1000 == 0:
                producer.poll(0)
        producer.flush()
        if failures:
            self._producers.clear()  # a producer may be unusable after a failure
            first = failures[0]
            if first.code() == KafkaError.INVALID_TIMESTAMP:
                raise PermanentError(
                    f"Kafka refused {len(failures)} records: their timestamp lies too far from the broker's clock."
                )
            raise RetryableError(f"Kafka did not accept {len(failures)} records: {first.str()}")
        return acknowledged

    def _producer(self, within_s: float) -> Producer:
        """Kept between calls: to open one takes far longer than an event.

        It learns of partitions that were added to the topic within librdkafka's five minutes. That is soon enough: until then a
        key goes on where it went before, and nothing rests on which partition holds it.
        """
        if within_s not in self._producers:
            settings = {"enable.idempotence": True, "linger.ms": 20, "compression.type": "zstd"}
            timeout = {"message.timeout.ms": int(within_s * 1000)}
            self._producers[within_s] = Producer({**self._base, **settings, **timeout}, logger=logger)
        return self._producers[within_s]

    def _checked(self, message: RawMessage) -> Record | None:
        """The record in a message; None for the note that a partition has ended."""
        error = message.error()
        if error is None:
            return _record(message)
        if error.code() != KafkaError._PARTITION_EOF:
            raise self._unreachable(KafkaException(error))
        return None

    def _watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        partitions = self.partitions(topic)
        try:
            return {p: self._watcher.get_watermark_offsets(TopicPartition(topic, p), timeout=TIMEOUT_S) for p in partitions}
        except KafkaException as err:
            raise self._unreachable(err) from err

    def _unreachable(self, err: KafkaException) -> RetryableError:
        if err.args[0].code() > 0:  # an answer of the broker; the client's own errors are negative
            return RetryableError(f"Kafka at {self.bootstrap} refuses: {err.args[0].str()}")
        for client in (self._admin, self._watcher):
            client.poll(0)  # calls `_noted`
        if self._refusals:
            why = self._refusals[-1].str()
            self._refusals.clear()  # a store outlives its failures
            return RetryableError(
                f"Kafka at {self.bootstrap} and podrec do not trust each other ({why}): "
                "check the PODREC_KAFKA_ settings of login and certificates."
            )
        return RetryableError(f"Kafka at {self.bootstrap} does not answer ({err.args[0].str()}): start it with `podrec up`.")


def _record(message: RawMessage) -> Record:
    kind, stamp = message.timestamp()
    known = stamp if kind != OFFSET_INVALID and stamp >= 0 else -1
    place = (cast(str, message.topic()), cast(int, message.partition()), cast(int, message.offset()))
    return Record(*place, known, message.key(), message.value())
