"""Translates pymongo's errors to podrec's."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError

from podrec_assets.errors import PermanentError, RetryableError


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
        raise RetryableError(f"MongoDB: {err}") from err
