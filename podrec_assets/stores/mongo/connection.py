"""The driver: one database, and its errors as podrec's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from pymongo import DeleteOne, MongoClient
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError

from podrec_assets.errors import PermanentError, RetryableError

BATCH = 500
CONNECT_MS = 5000


@dataclass
class Connection:
    """One Mongo database, connected on first use."""

    uri: str
    database: str

    @cached_property
    def _db(self) -> Database:
        return MongoClient(self.uri, serverSelectionTimeoutMS=CONNECT_MS, tz_aware=True)[
            self.database
        ]

    def ping(self) -> None:
        """Raises RetryableError when the server does not answer."""
        with translated():
            self._db.command("ping")

    def _ids(self, collection: str, version: str) -> list[str]:
        return [d["_id"] for d in self._db[collection].find({"version": version}, {"_id": 1})]

    def _delete(self, collection: str, ids: list[str]) -> None:
        # delete_many over a whole version can exhaust the embedded server's heap.
        for start in range(0, len(ids), BATCH):
            self._db[collection].bulk_write(
                [DeleteOne({"_id": i}) for i in ids[start : start + BATCH]], ordered=False
            )


@contextmanager
def translated() -> Iterator[None]:
    """Driver errors as podrec's: what may pass by itself is retryable, a refused write is not."""
    try:
        yield
    except ConnectionFailure as err:
        raise RetryableError(
            "The MongoDB server does not answer: start it with `podrec up` or check PODREC_MONGO_URI."
        ) from err
    except BulkWriteError as err:
        first = (err.details.get("writeErrors") or [{"errmsg": "unknown"}])[0]
        raise PermanentError(f"MongoDB refused a write: {first['errmsg']}") from err
    except PyMongoError as err:
        raise RetryableError(f"MongoDB: {err}") from err
