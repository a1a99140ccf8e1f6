"""Versions of the collections: written beside the others, verified, listed, judged, read."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime

from pymongo import ReplaceOne

from podrec_assets.errors import RetryableError
from podrec_assets.schemas import COLLECTION_KEYS
from podrec_assets.stores.mongo.connection import BATCH, Connection, translated
from podrec_assets.stores.mongo.records import (
    Verdict,
    Version,
    age_order,
    checksum,
    from_entry,
    plain,
    to_entry,
)


class Versions(Connection):
    """What was ever completely written and is not pruned."""

    def write_version(
        self,
        collection: str,
        day: date,
        run_id: str,
        docs: list[dict],
        manifest: dict | None = None,
    ) -> Version:
        """The complete version that holds exactly `docs`; one of the same day, content and models
        is kept, not written again.

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
        models = (manifest or {}).get("models")
        same = latest and (latest.checksum, latest.count, latest.manifest.get("models")) == (
            total,
            len(docs),
            models,
        )
        # One that was damaged since would otherwise never be made whole.
        if latest and same and self._holds(collection, latest.version, len(docs), total):
            return latest
        version = f"{day.isoformat()}.{run_id[:8]}"
        if self.version(collection, version):
            # A listed version may be being read: other content of the same run goes beside it.
            version = f"{version}-{total[:8]}"
        entry_id = f"{collection}:{version}"
        with translated():
            self._ensure_index(collection, key)
            # A process that is killed from here on leaves documents that nothing lists; this is how
            # prune finds them.
            unfinished = {
                "_id": entry_id,
                "collection": collection,
                "version": version,
                "begun_at": datetime.now(UTC),
            }
            self._db["unfinished"].replace_one({"_id": entry_id}, unfinished, upsert=True)
            self._write(collection, version, day, docs)
            if not self._holds(collection, version, len(docs), total):
                raise RetryableError(
                    f"{collection} {version} does not hold what was written to it; run again."
                )
            entry = Version(collection, version, day, len(docs), total, manifest or {})
            self._db["versions"].replace_one({"_id": entry_id}, to_entry(entry), upsert=True)
            self._db["unfinished"].delete_one({"_id": entry_id})
        return entry

    def judge(self, collection: str, version: str, verdict: Verdict) -> None:
        """Leaves the gate's verdict on a version, in place of an earlier one."""
        with translated():
            kept = {**asdict(verdict), "findings": list(verdict.findings)}
            self._db["versions"].update_one(
                {"_id": f"{collection}:{version}"}, {"$set": {"verdict": kept}}
            )

    def versions(self, collection: str, day: date | None = None) -> list[Version]:
        """Complete versions of a day (default: of every day), the newest first."""
        query = {"collection": collection} | ({"day": day.isoformat()} if day else {})
        with translated():
            return [
                from_entry(e)
                for e in sorted(self._db["versions"].find(query), key=age_order, reverse=True)
            ]

    def latest_version(self, collection: str, day: date | None = None) -> Version | None:
        """The newest complete version of a day (default: of the newest day)."""
        return next(iter(self.versions(collection, day)), None)

    def version(self, collection: str, version: str) -> Version | None:
        """A complete version by its name."""
        with translated():
            found = self._db["versions"].find_one({"_id": f"{collection}:{version}"})
        return from_entry(found) if found else None

    def days(self, collection: str) -> list[date]:
        """Days that have a complete version, in order."""
        with translated():
            found = self._db["versions"].find({"collection": collection}, {"day": 1})
            return sorted({date.fromisoformat(e["day"]) for e in found})

    def documents(self, collection: str, version: str) -> list[dict]:
        """All documents of a version as they were given to `write_version`, by key."""
        key = COLLECTION_KEYS[collection]
        with translated():
            found = [plain(d) for d in self._db[collection].find({"version": version})]
        return sorted(found, key=lambda d: d[key])

    def document_count(self, collection: str, version: str) -> int:
        """Number of documents that a version holds now."""
        with translated():
            return self._db[collection].count_documents({"version": version})

    def latest_documents(self, collection: str, day: date) -> list[dict]:
        """All documents of a day's newest complete version, by key; none where the day has none."""
        found = self.latest_version(collection, day)
        return self.documents(collection, found.version) if found else []

    def document(self, collection: str, version: str, key: str) -> dict | None:
        """The document of one listener or episode in a version."""
        with translated():
            found = self._db[collection].find_one(
                {"version": version, COLLECTION_KEYS[collection]: str(key)}
            )
        return plain(found) if found else None

    def documents_of(self, collection: str, version: str, keys: Iterable[str]) -> dict[str, dict]:
        """By key the documents of some listeners or episodes in a version; those that it does not
        have are left out.
        """
        name, wanted = COLLECTION_KEYS[collection], sorted(keys)
        found: dict[str, dict] = {}
        with translated():
            for start in range(0, len(wanted), BATCH):
                query = {"version": version, name: {"$in": wanted[start : start + BATCH]}}
                found |= {d[name]: plain(d) for d in self._db[collection].find(query)}
        return found

    def keys(self, collection: str, version: str) -> list[str]:
        """The listeners or episodes of a version, in order."""
        name = COLLECTION_KEYS[collection]
        with translated():
            return sorted(
                d[name] for d in self._db[collection].find({"version": version}, {name: 1})
            )

    def _write(self, collection: str, version: str, day: date, docs: list[dict]) -> None:
        key = COLLECTION_KEYS[collection]
        stored = [
            {**d, "_id": f"{version}:{d[key]}", "version": version, "day": day.isoformat()}
            for d in docs
        ]
        kept = {d["_id"] for d in stored}
        self._delete(collection, [i for i in self._ids(collection, version) if i not in kept])
        for start in range(0, len(stored), BATCH):
            batch = stored[start : start + BATCH]
            self._db[collection].bulk_write(
                [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in batch], ordered=False
            )

    def _ensure_index(self, collection: str, key: str) -> None:
        # Unique: on the embedded server that alone makes the look-up three times faster, and it is
        # true.
        self._db[collection].create_index([("version", 1), (key, 1)], unique=True)

    def _holds(self, collection: str, version: str, count: int, total: str) -> bool:
        """Whether the version's documents are so many, and exactly those of the checksum."""
        found = self.documents(collection, version)
        return len(found) == count and checksum(found, COLLECTION_KEYS[collection]) == total
