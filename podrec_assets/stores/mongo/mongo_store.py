"""The `MongoStore`: versions of the served collections, their documents, and the pointer."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from pymongo.database import Database

from podrec_assets.errors import RetryableError
from podrec_assets.schemas import COLLECTION_KEYS
from podrec_assets.stores.mongo import bulk
from podrec_assets.stores.mongo.driver_errors import connected, translated
from podrec_assets.stores.mongo.entries import (
    Publication,
    Verdict,
    Version,
    age_order,
    checksum,
    entry_id,
    from_entry,
    from_pointer,
    to_entry,
    without_own_fields,
)

CONNECT_MS = 5000


@dataclass
class MongoStore:
    """One Mongo database, connected on first use."""

    uri: str
    database: str

    @cached_property
    def db(self) -> Database:
        return connected(self.uri, CONNECT_MS)[self.database]

    def ping(self) -> None:
        """Raises RetryableError if the server does not answer."""
        with translated():
            self.db.command("ping")

    def publication(self) -> Publication | None:
        """What is served now; None before the first publication."""
        with translated():
            pointer = self.db["publications"].find_one({"_id": "current"})
        return from_pointer(pointer) if pointer else None

    def versions(self, collection: str, day: date | None = None) -> list[Version]:
        """Complete versions of a day (default: of every day), newest first."""
        query = {"collection": collection} | ({"day": day.isoformat()} if day else {})
        with translated():
            stored = bulk.find(self.db, "versions", query)
            entries = sorted(stored, key=age_order, reverse=True)
        return [from_entry(e) for e in entries]

    def latest_version(self, collection: str, day: date | None = None) -> Version | None:
        """The newest complete version of a day (default: of the newest day)."""
        return next(iter(self.versions(collection, day)), None)

    def version(self, collection: str, version: str) -> Version | None:
        """A complete version by its name."""
        with translated():
            entry = self.db["versions"].find_one({"_id": entry_id(collection, version)})
        return from_entry(entry) if entry else None

    def days(self, collection: str) -> list[date]:
        """Days that have a complete version, in order."""
        with translated():
            entries = bulk.find(self.db, "versions", {"collection": collection}, {"day": 1})
            return sorted({date.fromisoformat(e["day"]) for e in entries})

    def documents(self, collection: str, version: str) -> list[dict]:
        """All documents of a version as given to `write_version`, in key order."""
        key = COLLECTION_KEYS[collection]
        with translated():
            stored = bulk.find(self.db, collection, {"version": version})
            documents = [without_own_fields(d) for d in stored]
        return sorted(documents, key=lambda d: d[key])

    def document_count(self, collection: str, version: str) -> int:
        """Number of documents that a version has now."""
        with translated():
            return self.db[collection].count_documents({"version": version})

    def latest_documents(self, collection: str, day: date) -> list[dict]:
        """All documents of a day's newest complete version, in key order; [] if there is none."""
        version = self.latest_version(collection, day)
        return self.documents(collection, version.version) if version else []

    def document(self, collection: str, version: str, key: str) -> dict | None:
        """The document of one listener or episode in a version."""
        query = {"version": version, COLLECTION_KEYS[collection]: str(key)}
        with translated():
            stored = self.db[collection].find_one(query)
        return without_own_fields(stored) if stored else None

    def documents_of(self, collection: str, version: str, keys: Iterable[str]) -> dict[str, dict]:
        """Documents of some listeners or episodes in a version, by key; missing ones are absent."""
        name, wanted = COLLECTION_KEYS[collection], sorted(keys)
        documents: dict[str, dict] = {}
        with translated():
            for start in range(0, len(wanted), bulk.BATCH):
                batch = wanted[start : start + bulk.BATCH]
                query = {"version": version, name: {"$in": batch}}
                stored = bulk.find(self.db, collection, query)
                documents |= {d[name]: without_own_fields(d) for d in stored}
        return documents

    def keys(self, collection: str, version: str) -> list[str]:
        """The listeners or episodes of a version, in order."""
        name = COLLECTION_KEYS[collection]
        with translated():
            stored = bulk.find(self.db, collection, {"version": version}, {name: 1})
            return sorted(d[name] for d in stored)

    def write_version(
        self,
        collection: str,
        day: date,
        run_id: str,
        docs: list[dict],
        manifest: dict | None = None,
    ) -> Version:
        """Returns a complete version that has exactly `docs`.

        A version of the same day, content and models is kept instead of written again.

        Args:
            collection: a key of `schemas.COLLECTION_KEYS`.
            day: the day that the documents are as of.
            run_id: names the version together with the day.
            docs: one dict per key, with the key field and `items`.
            manifest: inputs and settings that the version was computed from.

        Raises:
            RetryableError: the server is down, or the version does not read back as written.
        """
        total = checksum(docs, COLLECTION_KEYS[collection])
        latest = self.latest_version(collection, day)
        models = (manifest or {}).get("models")
        if latest and (latest.checksum, latest.count) == (total, len(docs)):
            same_models = latest.manifest.get("models") == models
            # A version damaged since then would otherwise never be repaired.
            if same_models and self._holds(latest):
                return latest
        name = f"{day.isoformat()}.{run_id[:8]}"
        if self.version(collection, name):
            # Readers may use a listed version: other content of the same run gets another name.
            name = f"{name}-{total[:8]}"
        version = Version(collection, name, day, len(docs), total, manifest or {})
        self._write(version, docs)
        return version

    def judge(self, collection: str, version: str, verdict: Verdict) -> None:
        """Stores the gate's verdict on a version, replacing an earlier one."""
        stored = {**asdict(verdict), "findings": list(verdict.findings)}
        with translated():
            self.db["versions"].update_one(
                {"_id": entry_id(collection, version)}, {"$set": {"verdict": stored}}
            )

    def _write(self, version: Version, docs: list[dict]) -> None:
        """Writes the documents of a version, verifies and lists it."""
        collection, name = version.collection, version.version
        key, listed = COLLECTION_KEYS[collection], {"_id": entry_id(collection, name)}
        own = {"version": name, "day": version.day.isoformat()}
        with translated():
            # Unique, because on the embedded server that alone makes look-ups three times faster.
            self.db[collection].create_index([("version", 1), (key, 1)], unique=True)
            # If the process is killed from here on, prune finds its unlisted documents by this.
            unfinished = {"collection": collection, "version": name, "begun_at": datetime.now(UTC)}
            self.db["unfinished"].replace_one(listed, listed | unfinished, upsert=True)
            stored = [{**d, "_id": f"{name}:{d[key]}", **own} for d in docs]
            bulk.replace_documents(self.db, collection, name, stored)
            if not self._holds(version):
                raise RetryableError(
                    f"{collection} {name} does not hold what was written to it; run again."
                )
            self.db["versions"].replace_one(listed, to_entry(version), upsert=True)
            self.db["unfinished"].delete_one(listed)

    def _holds(self, version: Version) -> bool:
        """Whether the version has exactly the documents of its count and checksum."""
        documents = self.documents(version.collection, version.version)
        total = checksum(documents, COLLECTION_KEYS[version.collection])
        return (len(documents), total) == (version.count, version.checksum)
