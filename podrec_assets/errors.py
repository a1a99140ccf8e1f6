"""Errors a person or a retry policy can act on. Anything else that is raised is a bug.

The split is decided once, where an external system is touched: `RetryableError` may
succeed if tried again, `PermanentError` never does with the same input.
"""


class PodrecError(Exception):
    """An error whose message is one sentence that says what is wrong and what to do."""


class RetryableError(PodrecError):
    """Something outside (broker, network, lock) was not ready; the same call may succeed later."""


class PermanentError(PodrecError):
    """The same call with the same input can never succeed."""


class SettingsError(PermanentError):
    """A setting has a value that cannot be used."""


class ServiceError(RetryableError):
    """An embedded or external service is down, or could not be started."""


class SetupError(PermanentError):
    """A part of the installation (Java, a jar, a model) is missing or damaged."""


class MissingPartitionError(PermanentError):
    """A day of a table was read that no run has ever written. Missing is an error, empty is data."""


class GateError(PermanentError):
    """Lists were to be served that the gate refused, or has not judged."""


class UnknownIdError(PermanentError):
    """A listener, episode or asset was named that does not exist."""


class UnusableInputError(PermanentError):
    """Bytes from outside (a feed, a transcript, a message) cannot be used; `reason` is the code of
    the dead letter.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FetchRefusedError(PermanentError):
    """An address must not be fetched (scheme, private network, size, too many redirects)."""

    reason = "fetch_refused"


class FetchFailedError(RetryableError):
    """A server could not be reached, took too long or answered with a passing error.

    `retry_after_s` is how long the server asked to wait, if it did.
    """

    reason = "fetch_failed"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DataLossError(PermanentError):
    """Kafka no longer holds offsets that were asked for, or the topic was created anew."""
