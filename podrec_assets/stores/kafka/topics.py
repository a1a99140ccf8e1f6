"""Topics and their offsets: which partitions there are, what they hold, and when it was stamped."""

import time
from datetime import UTC, date, datetime

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import NewTopic

from podrec_assets.errors import RetryableError
from podrec_assets.stores.kafka.connection import Connection

TIMEOUT_S = 10.0
SETTLE_S = 2.0
"""How long a topic that was just made may be unknown to a part of the cluster."""


class Topics(Connection):
    """What the brokers tell of topics, without reading a record."""

    def ensure_topic(self, topic: str, partitions: int) -> None:
        """Creates the topic unless it exists; it is there for every later question."""
        new = NewTopic(
            topic, num_partitions=partitions, replication_factor=-1, config={"retention.ms": "-1"}
        )
        try:
            self._admin.create_topics([new], request_timeout=TIMEOUT_S)[topic].result(2 * TIMEOUT_S)
        except KafkaException as err:
            if err.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._unreachable(err) from err
        # The broker acknowledges a topic before it tells of its partitions, and a reader in between
        # sees one without any.
        deadline = time.monotonic() + TIMEOUT_S
        while not self.partitions(topic):
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Kafka at {self.bootstrap} made {topic} but does not tell of it; run again."
                )
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
            asked = self._admin.describe_topics(
                TopicCollection([topic]), request_timeout=TIMEOUT_S
            )[topic]
            try:
                return str(asked.result(2 * TIMEOUT_S).topic_id)
            except KafkaException as err:
                # A topic that has just been made is not known to the whole cluster at once.
                if (
                    err.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART
                    or time.monotonic() > deadline
                ):
                    raise self._unreachable(err) from err
            time.sleep(0.1)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Next offset of each partition."""
        return {p: high for p, (_, high) in self._watermarks(topic).items()}

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """Lowest offset that each partition still holds."""
        return {p: low for p, (low, _) in self._watermarks(topic).items()}

    def offsets_for_day(self, topic: str, day: date) -> dict[int, int]:
        """By partition, the first offset stamped on or after midnight UTC of the day, or the end
        where there is none yet.
        """
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

    def _watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        partitions = self.partitions(topic)
        try:
            return {
                p: self._watcher.get_watermark_offsets(TopicPartition(topic, p), timeout=TIMEOUT_S)
                for p in partitions
            }
        except KafkaException as err:
            raise self._unreachable(err) from err
