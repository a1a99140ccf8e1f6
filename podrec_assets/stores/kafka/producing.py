"""Records that are produced, and acknowledged by the broker."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as RawMessage

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.stores.kafka.connection import Connection, logger

PRODUCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Message:
    """A record to produce; without a timestamp it bears the present time."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None


@dataclass
class Producing(Connection):
    """Producers by the longest that one of their records may take, in seconds."""

    _producers: dict[float, Producer] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
                    producer.produce(
                        topic, message.value, message.key, on_delivery=delivered, timestamp=stamp
                    )
                    break
                except BufferError:
                    producer.poll(0.05)
                except KafkaException as err:
                    self._producers.clear()  # it may hold what was taken before, or be unusable
                    raise PermanentError(
                        f"Kafka cannot take a record: {err.args[0].str()}"
                    ) from err
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

        It learns of partitions that were added to the topic within librdkafka's five minutes. That
        is soon enough: until then a key goes on where it went before, and nothing rests on which
        partition holds it.
        """
        if within_s not in self._producers:
            settings = {"enable.idempotence": True, "linger.ms": 20, "compression.type": "zstd"}
            timeout = {"message.timeout.ms": int(within_s * 1000)}
            self._producers[within_s] = Producer(
                {**self._base, **settings, **timeout}, logger=logger
            )
        return self._producers[within_s]
