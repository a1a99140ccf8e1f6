"""Produces records and waits until the broker has acknowledged them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as RawMessage

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.stores.kafka.clients import Clients


@dataclass(frozen=True, slots=True)
class Message:
    """A record to produce; without a timestamp it gets the current time."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None


def produce(clients: Clients, topic: str, messages: Iterable[Message], within_s: float) -> int:
    """Produces the messages and returns their number once all are acknowledged.

    Raises:
        PermanentError: the broker refused a record.
        RetryableError: the broker went away.
    """
    producer = clients.producer(within_s)
    failures: list[KafkaError] = []
    acknowledged = 0

    def delivered(error: KafkaError | None, _: RawMessage) -> None:
        nonlocal acknowledged
        if error:
            failures.append(error)
        else:
            acknowledged += 1

    for count, message in enumerate(messages):
        try:
            _enqueue(producer, topic, message, delivered)
        except KafkaException as err:
            clients.discard_producers()
            raise PermanentError(f"Kafka cannot take a record: {err.args[0].str()}") from err
        if count % 1000 == 0:
            producer.poll(0)
    producer.flush()
    if failures:
        clients.discard_producers()
        raise _refused(failures)
    return acknowledged


def _enqueue(producer: Producer, topic: str, message: Message, delivered: Callable) -> None:
    """Hands a record to the client, waiting while its queue is full."""
    timestamp_ms = message.timestamp_ms or 0  # 0 is the current time
    while True:
        try:
            producer.produce(
                topic, message.value, message.key, on_delivery=delivered, timestamp=timestamp_ms
            )
            return
        except BufferError:
            producer.poll(0.05)


def _refused(failures: list[KafkaError]) -> PermanentError | RetryableError:
    first = failures[0]
    if first.code() == KafkaError.INVALID_TIMESTAMP:
        return PermanentError(
            f"Kafka refused {len(failures)} records: "
            "their timestamps are too far from the broker's clock."
        )
    return RetryableError(f"Kafka did not accept {len(failures)} records: {first.str()}")
