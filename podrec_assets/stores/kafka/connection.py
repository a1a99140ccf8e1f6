"""The clients of one cluster, and their errors as podrec's."""

import logging
from dataclasses import dataclass, field
from functools import cached_property

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from podrec_assets.errors import RetryableError

logger = logging.getLogger(__name__)
# librdkafka tells of every retry; errors that matter come back from the calls.
logger.addHandler(logging.NullHandler())
PING_S = 3.0


@dataclass
class Connection:
    """One Kafka cluster, connected on first use.

    Attributes:
        bootstrap: host:port[,host:port].
        extra: further librdkafka properties (SASL, TLS).
    """

    bootstrap: str
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    _refusals: list[KafkaError] = field(default_factory=list, repr=False)

    @property
    def _base(self) -> dict:
        return {
            "bootstrap.servers": self.bootstrap,
            "socket.timeout.ms": 10_000,
            "error_cb": self._noted,
            **self.extra,
        }

    def _noted(self, error: KafkaError) -> None:
        # A call that waits in vain only says that it timed out; why is told here.
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self._refusals.append(error)

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient(self._base, logger=logger)

    @cached_property
    def _watcher(self) -> Consumer:
        return Consumer(
            {**self._base, "group.id": "podrec-offsets", "enable.auto.commit": False}, logger=logger
        )

    def ping(self) -> None:
        """Raises RetryableError when no broker answers at once."""
        try:
            self._watcher.list_topics(timeout=PING_S)
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
        return RetryableError(
            f"Kafka at {self.bootstrap} does not answer ({err.args[0].str()}): start it with `podrec up`."
        )
