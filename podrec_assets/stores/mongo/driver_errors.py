"""Translates pymongo's errors to podrec's."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import MongoClient
from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError

from podrec_assets.errors import PermanentError, RetryableError, SettingsError
from podrec_assets.redaction import redacted, redacted_text


@contextmanager
def translated() -> Iterator[None]:
    """Raises podrec's errors for the driver's: a refused write is permanent, the rest retryable."""
    try:
        yield
    except ConnectionFailure as err:
        raise RetryableError(
            "The MongoDB server does not answer: start it with `podrec up` "
            "or check PODREC_MONGO_URI."
        ) from err
    except BulkWriteError as err:
        first = (err.details.get("writeErrors") or [{"errmsg": "unknown"}])[0]
        raise PermanentError(f"MongoDB refused a write: {first['errmsg']}") from err
    except PyMongoError as err:
        raise RetryableError(f"MongoDB: {redacted_text(str(err))}") from err


def connected(uri: str, timeout_ms: int) -> MongoClient:
    """Returns a client, which connects on first use.

    Raises:
        SettingsError: the address cannot be read. What the driver says of it would quote parts of
            the password, so neither its words nor its error are kept.
    """
    try:
        with warnings.catch_warnings():
            # An option with an unusable value only warns, quoting it, and is then left out.
            warnings.simplefilter("error", UserWarning)
            return MongoClient(uri, serverSelectionTimeoutMS=timeout_ms, tz_aware=True)
    except (PyMongoError, ValueError, TypeError, KeyError, UserWarning) as err:
        name = type(err).__name__
    raise SettingsError(
        f"PODREC_MONGO_URI ({redacted(uri)}) cannot be used ({name}): check its hosts and options, "
        "and write each of @ : / ? # % in the user and password as %40, %3A, %2F, %3F, %23 or %25."
    )
