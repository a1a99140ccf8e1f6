"""Produces records and waits until the broker has acknowledged them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as RawMessage

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.stores.kafka.clients import Clients


@dataclass(frozen=True, slots=True)
class Message:
    """A record to produce.

    Attributes:
        key: decides its partition.
        value: the message.
        timestamp_ms: of the record; the current time by default.
        headers: of the record.
        line: of the file that it comes from, to name it if it is refused.
    """

    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    line: int | None = None


Refused = Callable[[Message, str], None]
"""Is called with a record that Kafka does not take, and why."""
_REFUSALS = {
    KafkaError.MSG_SIZE_TOO_LARGE: "it is larger than Kafka takes",
    KafkaError.INVALID_TIMESTAMP: "its timestamp, or that of a record sent with it, is too far "
    "from the broker's clock",
}


def produce(
    clients: Clients,
    topic: str,
    messages: Iterable[Message],
    within_s: float,
    refused: Refused | None = None,
) -> int:
    """Produces the messages and returns the number of acknowledged ones, once all have an answer.

    Raises:
        PermanentError: a record was refused, and there is no `refused` to call.
        RetryableError: the broker went away.
    """
    producer = clients.producer(within_s)
    failures: list[KafkaError] = []
    acknowledged = 0

    def delivered(message: Message, error: KafkaError | None, _: RawMessage) -> None:
        nonlocal acknowledged
        if error and refused and error.code() in _REFUSALS:
            refused(message, _REFUSALS[error.code()])
        elif error:
            failures.append(error)
        else:
            acknowledged += 1

    for count, message in enumerate(messages):
        try:
            _enqueue(producer, topic, message, partial(delivered, message))
        except KafkaException as err:
            if refused and err.args[0].code() in _REFUSALS:
                refused(message, _REFUSALS[err.args[0].code()])
                continue
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
                topic,
                message.value,
                message.key,
                on_delivery=delivered,
                timestamp=timestamp_ms,
                headers=list(message.headers),
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
