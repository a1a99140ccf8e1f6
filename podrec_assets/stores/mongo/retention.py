"""What is removed from the collections: old days, what killed writes left, and a listener who is to
be forgotten.
"""

from datetime import UTC, datetime, timedelta

from podrec_assets.schemas import COLLECTION_KEYS, LISTS
from podrec_assets.stores.mongo.connection import translated
from podrec_assets.stores.mongo.publications import Publications
from podrec_assets.stores.mongo.records import age_order, checksum, from_entry

GRACE = timedelta(hours=1)
"""Longer than any reader or run holds on to a version that it was pointed to."""


class Retention(Publications):
    """Removal that readers do not notice."""

    def prune(self, keep_days: int, grace: timedelta = GRACE) -> list[str]:
        """Removes what nobody needs any more; the names (collection:version) of the versions
        removed.

        Of the last `keep_days` days that have lists stay each day's newest version, its newest list
        that may be published, and the models that these were made from. What is served, was served
        before or within the grace, or was written within the grace always stays. What a killed
        write left is removed after the grace.
        """
        before = datetime.now(UTC) - grace
        with translated():
            entries = sorted(self._db["versions"].find(), key=age_order, reverse=True)
            needed = self._pointed_to() | _needed(entries, keep_days)
            gone = []
            for entry in entries:
                touched = max(entry["created_at"], entry.get("served_at", entry["created_at"]))
                if entry["_id"] not in needed and touched <= before and self._unlist(entry):
                    self._delete(
                        entry["collection"], self._ids(entry["collection"], entry["version"])
                    )
                    gone.append(entry["_id"])
            self._sweep(before)
        return sorted(gone)

    def forget(self, user_id: str) -> int:
        """Number of documents of a listener that were removed, also of killed writes; checksum and
        verdict follow.
        """
        removed = 0
        for collection in (name for name, key in COLLECTION_KEYS.items() if key == "user_id"):
            with translated():
                listed = list(self._db["versions"].find({"collection": collection}))
                for entry in [*listed, *self._db["unfinished"].find({"collection": collection})]:
                    if (
                        self._db[collection]
                        .delete_one({"version": entry["version"], "user_id": str(user_id)})
                        .deleted_count
                    ):
                        removed += 1
                        if "checksum" in entry:
                            self._recount(entry)
        return removed

    def _pointed_to(self) -> set[str]:
        published = self.publication()
        trios = (published.versions, published.previous) if published else ()
        return {f"{collection}:{version}" for trio in trios for collection, version in trio.items()}

    def _unlist(self, entry: dict) -> bool:
        """Whether the entry was removed: not if it was put in service since it was read.

        Before its documents, for a version that is half removed must not look complete.
        """
        served = (
            {"served_at": entry["served_at"]}
            if "served_at" in entry
            else {"served_at": {"$exists": False}}
        )
        return self._db["versions"].delete_one({"_id": entry["_id"], **served}).deleted_count == 1

    def _sweep(self, before: datetime) -> None:
        """Removes the documents of writes that began long ago and were never listed."""
        for left in list(self._db["unfinished"].find({"begun_at": {"$lte": before}})):
            if self._db["versions"].find_one({"_id": left["_id"]}) is None:
                self._delete(left["collection"], self._ids(left["collection"], left["version"]))
            self._db["unfinished"].delete_one({"_id": left["_id"]})

    def _recount(self, entry: dict) -> None:
        left = self.documents(entry["collection"], entry["version"])
        total = checksum(left, COLLECTION_KEYS[entry["collection"]])
        changed = {"count": len(left), "checksum": total}
        if (entry.get("verdict") or {}).get("checksum") == entry["checksum"]:
            # Fewer lists are no other lists: what was judged of them still holds.
            changed["verdict.checksum"] = total
        self._db["versions"].update_one({"_id": entry["_id"]}, {"$set": changed})


def _needed(entries: list[dict], keep_days: int) -> set[str]:
    """Ids of the versions that the last days need; entries come newest first."""
    days = sorted({e["day"] for e in entries}, reverse=True)[:keep_days]
    newest: dict[tuple, str] = {}
    for entry in (e for e in entries if e["day"] in days):
        newest.setdefault((entry["collection"], entry["day"], "newest"), entry["_id"])
        verdict = from_entry(entry).verdict
        if verdict and verdict.allows:
            newest.setdefault((entry["collection"], entry["day"], "passed"), entry["_id"])
    needed = set(newest.values())
    models = [
        e["manifest"].get("models", {})
        for e in entries
        if e["_id"] in needed and e["collection"] == LISTS
    ]
    return needed | {
        f"{collection}:{version}"
        for made_from in models
        for collection, version in made_from.items()
    }
