"""Errors that a person or a retry policy can act on; any other exception is a bug.

Whether an error is retryable is decided once, where an external system is called.
"""

import errno
import re
from collections.abc import Iterator

from podrec_assets.redaction import redacted_text

_FULL = re.compile(r"no space left|disk (is )?full|quota exceeded|file too large", re.IGNORECASE)
DISK_FULL = "The disk is full: free some space, then run the same command again."
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


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


class DamagedTableError(PermanentError):
    """A file of a table is missing or damaged.

    `detail` names the table and the file, `remedy` the command; each is a clause.
    """

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}: {remedy}.")
        self.detail, self.remedy = detail, remedy


def sentence(err: BaseException) -> str:
    """Returns one sentence for a person: podrec's own, or one for what a machine often lacks."""
    if isinstance(err, PodrecError):
        return str(err)
    causes = list(_chain(err))
    if full := next((c for c in causes if is_disk_full(c)), None):
        place = f" ({full.filename})" if isinstance(full, OSError) and full.filename else ""
        return f"{DISK_FULL}{place}"
    if isinstance(err, OSError) and err.errno in _FORBIDDEN and err.filename:
        return (
            f"{err.filename} cannot be used by this user ({err.strerror}): change its owner or "
            "permissions, or set PODREC_HOME and PODREC_CACHE to folders of this user."
        )
    lines = str(err).splitlines() or [""]
    return f"{type(err).__name__}: {redacted_text(lines[0])} (--debug shows where)"


def is_disk_full(err: BaseException) -> bool:
    """Returns whether a write failed for lack of space, as the system or a driver words it."""
    if isinstance(err, OSError) and err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return not isinstance(err, PodrecError) and bool(_FULL.search(str(err)))


def _chain(err: BaseException | None) -> Iterator[BaseException]:
    """Yields an error and what caused it."""
    seen: set[int] = set()
    while err is not None and id(err) not in seen:
        seen.add(id(err))
        yield err
        err = err.__cause__ or err.__context__
