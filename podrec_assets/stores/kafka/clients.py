"""The clients of one Kafka cluster, and their errors translated to podrec's."""

import logging
from dataclasses import dataclass, field
from functools import cached_property

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from podrec_assets.errors import RetryableError

logger = logging.getLogger(__name__)
# librdkafka logs every retry; the errors that matter come back from the calls.
logger.addHandler(logging.NullHandler())


@dataclass
class Clients:
    """Clients of one cluster, each opened on first use.

    Attributes:
        bootstrap: host:port[,host:port].
        extra: further librdkafka properties (SASL, TLS).
    """

    bootstrap: str
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    _trust_errors: list[KafkaError] = field(default_factory=list, repr=False)
    _producers: dict[float, Producer] = field(default_factory=dict, repr=False)

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self._base, logger=logger)

    @cached_property
    def metadata(self) -> Consumer:
        """A consumer that only asks for partitions and offsets."""
        no_group = {
            "group.id": "podrec-offsets",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
        return Consumer({**self._base, **no_group}, logger=logger)

    def consumer(self) -> Consumer:
        """Opens a consumer of assigned offsets; the caller closes it."""
        settings = {
            "group.id": "podrec-read",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            # Records of aborted and open transactions are no records; Spark is told the same.
            "isolation.level": "read_committed",
            # By default, a reader that emptied the queue waits a second for what is ready.
            "fetch.queue.backoff.ms": 20,
        }
        return Consumer({**self._base, **settings}, logger=logger)

    def producer(self, within_s: float) -> Producer:
        """The producer whose records may take `within_s`, kept because opening one is slow.

        It learns of new partitions within librdkafka's five minutes. That is soon enough: until
        then keys stay on their old partition, and nothing depends on which partition has a key.
        """
        if within_s not in self._producers:
            settings = {
                "enable.idempotence": True,
                "linger.ms": 20,
                "compression.type": "zstd",
                "message.timeout.ms": int(within_s * 1000),
            }
            self._producers[within_s] = Producer({**self._base, **settings}, logger=logger)
        return self._producers[within_s]

    def discard_producers(self) -> None:
        """Drops the producers; one that failed may be unusable or still hold records."""
        self._producers.clear()

    def unreachable(self, err: KafkaException) -> RetryableError:
        """Translates a driver error: the broker refused, is not trusted, or does not answer."""
        if err.args[0].code() > 0:  # an answer of the broker; errors of the client are negative
            return RetryableError(f"Kafka at {self.bootstrap} refuses: {err.args[0].str()}")
        for client in (self.admin, self.metadata):
            client.poll(0)  # calls `_note_trust_error`
        if self._trust_errors:
            reason = self._trust_errors[-1].str()
            self._trust_errors.clear()  # the clients outlive their failures
            return RetryableError(
                f"Kafka at {self.bootstrap} and podrec do not trust each other ({reason}): "
                "check the PODREC_KAFKA_ settings of login and certificates."
            )
        return RetryableError(
            f"Kafka at {self.bootstrap} does not answer ({err.args[0].str()}): "
            "start it with `podrec up`."
        )

    @property
    def _base(self) -> dict:
        return {
            "bootstrap.servers": self.bootstrap,
            "socket.timeout.ms": 10_000,
            "error_cb": self._note_trust_error,
            **self.extra,
        }

    def _note_trust_error(self, error: KafkaError) -> None:
        # The waiting call itself only reports a timeout.
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self._trust_errors.append(error)
