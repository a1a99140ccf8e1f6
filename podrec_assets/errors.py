"""Errors that a person or a retry policy can act on; any other exception is a bug.

Whether an error is retryable is decided once, where an external system is called.
"""


class PodrecError(Exception):
    """An error whose message says in one sentence what is wrong and how to fix it."""


class RetryableError(PodrecError):
    """An external system (broker, network, lock) was not ready; the call may succeed later."""


class PermanentError(PodrecError):
    """The same call with the same input can never succeed."""


class SettingsError(PermanentError):
    """A setting has an unusable value."""


class ServiceError(RetryableError):
    """An embedded or external service is down, or could not be started."""


class SetupError(PermanentError):
    """A part of the installation (Java, a jar, a model) is missing or damaged."""


class MissingPartitionError(PermanentError):
    """A day of a table was read that no run has written; an empty day would have been written."""


class GateError(PermanentError):
    """Lists were to be published that the gate refused or has not checked."""


class UnknownIdError(PermanentError):
    """A named listener, episode or asset does not exist."""


class UnusableInputError(PermanentError):
    """A feed, transcript or message cannot be used; `reason` is the code of its dead letter."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FetchRefusedError(PermanentError):
    """An address must not be fetched: by its scheme, network, size or redirects."""

    reason = "fetch_refused"


class FetchFailedError(RetryableError):
    """A server was unreachable, too slow, or returned a temporary error.

    `retry_after_s` is the wait that the server asked for, if any.
    """

    reason = "fetch_failed"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DataLossError(PermanentError):
    """Kafka no longer holds the requested offsets, or the topic was recreated."""
