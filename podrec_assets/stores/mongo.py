"""Served collections in MongoDB, as whole versions behind one pointer. The only module that imports pymongo.

A version is written beside the others, verified by count and checksum, and only then listed in `versions`; the pointer in
`publications` names one version for each collection and moves by compare-and-set. So a reader sees a whole old list or a
whole new one. No transactions, rename or TTL: the embedded server has none of them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

from pymongo import DeleteOne, MongoClient, ReplaceOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, PyMongoError

from podrec_assets.errors import MissingPartitionError, PermanentError, RetryableError
from podrec_assets.schemas import COLLECTION_KEYS

BATCH = 500
CONNECT_MS = 5000


@dataclass(frozen=True)
class Version:
    """A complete, verified version of a collection."""

    collection: str
    version: str
    day: date
    count: int
    checksum: str
    manifest: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """The pointer: which version of each collection is served, for which day; `v` counts its moves."""

    day: date
    versions: dict[str, str]
    v: int
    previous: dict[str, str]


@dataclass
class MongoStore:
    """One Mongo database."""

    uri: str
    database: str

    @cached_property
    def _db(self) -> Database:
        return MongoClient(self.uri, serverSelectionTimeoutMS=CONNECT_MS, tz_aware=True)[self.database]

    def ping(self) -> None:
        """Raises RetryableError when the server does not answer."""
        with _translated():
            self._db.command("ping")

    def write_version(self, collection: str, day: date, run_id: str, docs: list[dict], manifest: dict | None = None) -> Version:
        """The complete version that holds exactly `docs`; one of the same day and content is kept instead of written again.

        Args:
            collection: a key of `schemas.COLLECTION_KEYS`.
            day: the day that the documents are as of.
            run_id: names the version together with the day.
            docs: one dict per key, with the key field and `items`.
            manifest: what the version was made from.

        Raises:
            RetryableError: the server is away, or holds something else than was written.
        """
        key = COLLECTION_KEYS[collection]
        total = checksum(docs, key)
        latest = self.latest_version(collection, day)
        if latest and latest.checksum == total and latest.count == len(docs):
            return latest
        version = f"{day.isoformat()}.{run_id[:8]}"
        if self.version(collection, version):
            # A listed version may be being read: other content of the same run goes beside it.
            version = f"{version}-{total[:8]}"
        stored = [{**d, "_id": f"{version}:{d[key]}", "version": version, "day": day.isoformat()} for d in docs]
        with _translated():
            self._ensure_index(collection, key)
            kept = {d["_id"] for d in stored}
            self._delete(collection, [i for i in self._ids(collection, version) if i not in kept])
            for start in range(0, len(stored), BATCH):
                batch = stored[start : start + BATCH]
                self._db[collection].bulk_write([ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in batch], ordered=False)
            self._verify(collection, version, len(docs), total)
            entry = Version(collection, version, day, len(docs), total, manifest or {})
            self._db["versions"].replace_one({"_id": f"{collection}:{version}"}, _entry(entry), upsert=True)
        return entry

    def latest_version(self, collection: str, day: date | None = None) -> Version | None:
        """The newest complete version of a day (default: of the newest day)."""
        query = {"collection": collection} | ({"day": day.isoformat()} if day else {})
        with _translated():
            found = list(self._db["versions"].find(query))
        return _version(max(found, key=lambda e: (e["day"], e["created_at"], e["_id"]))) if found else None

    def version(self, collection: str, version: str) -> Version | None:
        """A complete version by its name."""
        with _translated():
            found = self._db["versions"].find_one({"_id": f"{collection}:{version}"})
        return _version(found) if found else None

    def days(self, collection: str) -> list[date]:
        """Days that have a complete version, in order."""
        with _translated():
            found = self._db["versions"].find({"collection": collection}, {"day": 1})
            return sorted({date.fromisoformat(e["day"]) for e in found})

    def documents(self, collection: str, version: str) -> list[dict]:
        """All documents of a version as they were given to `write_version`, by key."""
        key = COLLECTION_KEYS[collection]
        with _translated():
            found = [_plain(d) for d in self._db[collection].find({"version": version})]
        return sorted(found, key=lambda d: d[key])

    def document(self, collection: str, version: str, key: str) -> dict | None:
        """The document of one listener or episode in a version."""
        with _translated():
            found = self._db[collection].find_one({"version": version, COLLECTION_KEYS[collection]: str(key)})
        return _plain(found) if found else None

    def keys(self, collection: str, version: str) -> list[str]:
        """The listeners or episodes of a version, in order."""
        name = COLLECTION_KEYS[collection]
        with _translated():
            return sorted(d[name] for d in self._db[collection].find({"version": version}, {name: 1}))

    def complete_versions(self, day: date) -> dict[str, str]:
        """The newest version of each collection for a day.

        Raises:
            MissingPartitionError: a collection has none for the day, so nothing of it may be served.
        """
        found = {name: self.latest_version(name, day) for name in COLLECTION_KEYS}
        absent = sorted(name for name, version in found.items() if version is None)
        if absent:
            raise MissingPartitionError(f"{day} has no complete versions: {', '.join(absent)} must be materialized first.")
        return {name: version.version for name, version in found.items() if version is not None}

    def publication(self) -> Publication | None:
        """What is served now."""
        with _translated():
            found = self._db["publications"].find_one({"_id": "current"})
        if not found:
            return None
        return Publication(date.fromisoformat(found["day"]), found["versions"], found["v"], found.get("previous", {}))

    def publish(self, day: date, versions: dict[str, str], current: Publication | None) -> Publication:
        """The pointer after it moved from `current` to the given versions.

        Raises:
            PermanentError: a version is not complete.
            RetryableError: somebody else moved the pointer since `current` was read.
        """
        for collection, version in versions.items():
            if self.version(collection, version) is None:
                raise PermanentError(f"Version {version} of {collection} is not complete, so it is not published.")
        if current and current.day == day and current.versions == versions:
            return current
        moved = Publication(day, versions, (current.v if current else 0) + 1, current.versions if current else {})
        document = {"_id": "current", **asdict(moved), "day": day.isoformat()}
        with _translated():
            if current is None:
                try:
                    self._db["publications"].insert_one(document)
                except DuplicateKeyError as err:
                    raise RetryableError("The publication was made by another run at the same time; run again.") from err
            else:
                result = self._db["publications"].replace_one({"_id": "current", "v": current.v}, document)
                if result.matched_count != 1:
                    raise RetryableError("The publication was moved by another run at the same time; run again.")
        return moved

    def prune(self, collection: str, keep: int) -> list[str]:
        """Names of the versions removed: all but the newest `keep`, the served and the previously served one."""
        published = self.publication()
        safe = {p.get(collection) for p in (published.versions, published.previous)} if published else set()
        with _translated():
            found = sorted(self._db["versions"].find({"collection": collection}), key=lambda e: (e["day"], e["created_at"]))
            gone = [e["version"] for e in found[: max(0, len(found) - keep)] if e["version"] not in safe]
            for version in gone:
                # Unlisted first: a version that is half removed must not look complete.
                self._db["versions"].delete_one({"_id": f"{collection}:{version}"})
                self._delete(collection, self._ids(collection, version))
        return gone

    def forget(self, user_id: str) -> int:
        """Number of documents of a listener that were removed, from every version; each version's checksum follows."""
        removed = 0
        for collection, key in COLLECTION_KEYS.items():
            if key != "user_id":
                continue
            with _translated():
                for entry in list(self._db["versions"].find({"collection": collection})):
                    version = entry["version"]
                    gone = self._db[collection].delete_one({"version": version, key: str(user_id)}).deleted_count
                    if gone:
                        left = self.documents(collection, version)
                        verified = {"count": len(left), "checksum": checksum(left, key)}
                        self._db["versions"].update_one({"_id": entry["_id"]}, {"$set": verified})
                        removed += gone
        return removed

    def _ensure_index(self, collection: str, key: str) -> None:
        # Unique: on the embedded server that alone makes the look-up three times faster, and it is true.
        self._db[collection].create_index([("version", 1), (key, 1)], unique=True)

    def _ids(self, collection: str, version: str) -> list[str]:
        return [d["_id"] for d in self._db[collection].find({"version": version}, {"_id": 1})]

    def _delete(self, collection: str, ids: list[str]) -> None:
        # delete_many over a whole version can exhaust the embedded server's heap.
        for start in range(0, len(ids), BATCH):
            self._db[collection].bulk_write([DeleteOne({"_id": i}) for i in ids[start : start + BATCH]], ordered=False)

    def _verify(self, collection: str, version: str, count: int, total: str) -> None:
        found = self.documents(collection, version)
        if len(found) != count or checksum(found, COLLECTION_KEYS[collection]) != total:
            raise RetryableError(f"{collection} {version} holds {len(found)} of {count} documents after the write; run again.")


def checksum(docs: Iterable[dict], key: str) -> str:
    """sha256 over the documents' keys and items in key order, whatever order they come in."""
    digest = hashlib.sha256()
    for doc in sorted(docs, key=lambda d: d[key]):
        digest.update(json.dumps({k: v for k, v in doc.items() if k not in ("_id", "version", "day")}, sort_keys=True).encode())
    return digest.hexdigest()


def _plain(doc: dict) -> dict:
    return {k: v for k, v in doc.items() if k not in ("_id", "version", "day")}


def _entry(version: Version) -> dict:
    return {
        "collection": version.collection,
        "version": version.version,
        "day": version.day.isoformat(),
        "count": version.count,
        "checksum": version.checksum,
        "manifest": version.manifest,
        "created_at": datetime.now(UTC),
    }


def _version(entry: dict) -> Version:
    day = date.fromisoformat(entry["day"])
    return Version(entry["collection"], entry["version"], day, entry["count"], entry["checksum"], entry.get("manifest", {}))


@contextmanager
def _translated() -> Iterator[None]:
    """Driver errors as podrec's: what may pass by itself is retryable, a refused write is not."""
    try:
        yield
    except ConnectionFailure as err:
        raise RetryableError("The MongoDB server does not answer: start it with `podrec up` or check PODREC_MONGO_URI.") from err
    except BulkWriteError as err:
        first = (err.details.get("writeErrors") or [{"errmsg": "unknown"}])[0]
        raise PermanentError(f"MongoDB refused a write: {first['errmsg']}") from err
    except PyMongoError as err:
        raise RetryableError(f"MongoDB: {err}") from err
