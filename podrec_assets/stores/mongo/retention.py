"""Removes documents: old days, leftovers of killed writes, and a listener to be forgotten."""

from datetime import UTC, datetime, timedelta

from podrec_assets.schemas import COLLECTION_KEYS, LISTS
from podrec_assets.stores.mongo.bulk import delete_documents, find
from podrec_assets.stores.mongo.driver_errors import translated
from podrec_assets.stores.mongo.entries import age_order, checksum, entry_id, from_entry
from podrec_assets.stores.mongo.mongo_store import MongoStore

GRACE = timedelta(hours=1)
"""Time for which a reader or run may still use a version that is no longer needed otherwise."""


def prune(store: MongoStore, keep_days: int, grace: timedelta = GRACE) -> list[str]:
    """Removes the versions that nobody needs any more; returns their names (collection:version).

    Of each of the last `keep_days` days with lists or models, these stay: its newest versions, its
    newest lists that may be published, and the models that those lists were computed from. Versions
    served now or before the last move always stay, and so do those served or written within the
    grace. Leftovers of killed writes are removed after the grace.
    """
    before = datetime.now(UTC) - grace
    removed = []
    with translated():
        entries = sorted(find(store.db, "versions", {}), key=age_order, reverse=True)
        needed = _pointed_to(store) | _needed(entries, keep_days)
        for entry in entries:
            touched = max(entry["created_at"], entry.get("served_at", entry["created_at"]))
            if entry["_id"] not in needed and touched <= before and _unlist(store, entry):
                delete_documents(store.db, entry["collection"], entry["version"])
                removed.append(entry["_id"])
        _remove_unfinished(store, before)
    return sorted(removed)


def forget(store: MongoStore, user_id: str) -> int:
    """Removes every document of a listener, also of killed writes; returns their number.

    Checksums and verdicts of the versions are updated.
    """
    removed = 0
    for collection in (name for name, key in COLLECTION_KEYS.items() if key == "user_id"):
        query = {"collection": collection}
        with translated():
            listed = list(find(store.db, "versions", query))
            for entry in [*listed, *store.db["unfinished"].find(query)]:
                document = {"version": entry["version"], "user_id": str(user_id)}
                if store.db[collection].delete_one(document).deleted_count:
                    removed += 1
                    if "checksum" in entry:
                        _update_checksum(store, entry)
    return removed


def _pointed_to(store: MongoStore) -> set[str]:
    """Ids of the versions served now and before the last move of the pointer."""
    current = store.publication()
    version_sets = (current.versions, current.previous) if current else ()
    return {entry_id(*item) for versions in version_sets for item in versions.items()}


def _unlist(store: MongoStore, entry: dict) -> bool:
    """Removes an entry, unless it was put in service since it was read; returns whether it did.

    This comes before its documents go, because a half removed version must not look complete.
    """
    served_at = entry.get("served_at", {"$exists": False})
    unserved = {"_id": entry["_id"], "served_at": served_at}
    return store.db["versions"].delete_one(unserved).deleted_count == 1


def _remove_unfinished(store: MongoStore, before: datetime) -> None:
    """Removes the documents of writes that began before a time and were never listed."""
    for entry in list(store.db["unfinished"].find({"begun_at": {"$lte": before}})):
        if store.db["versions"].find_one({"_id": entry["_id"]}) is None:
            delete_documents(store.db, entry["collection"], entry["version"])
        store.db["unfinished"].delete_one({"_id": entry["_id"]})


def _update_checksum(store: MongoStore, entry: dict) -> None:
    documents = store.documents(entry["collection"], entry["version"])
    total = checksum(documents, COLLECTION_KEYS[entry["collection"]])
    changed = {"count": len(documents), "checksum": total}
    if (entry.get("verdict") or {}).get("checksum") == entry["checksum"]:
        # Without one listener the other lists are the same, so the verdict still holds.
        changed["verdict.checksum"] = total
    store.db["versions"].update_one({"_id": entry["_id"]}, {"$set": changed})


def _needed(entries: list[dict], keep_days: int) -> set[str]:
    """Ids of the versions that the last days need; entries come newest first."""
    days = sorted({e["day"] for e in entries}, reverse=True)[:keep_days]
    newest: dict[tuple, str] = {}
    for entry in (e for e in entries if e["day"] in days):
        newest.setdefault((entry["collection"], entry["day"], "newest"), entry["_id"])
        verdict = from_entry(entry).verdict
        if verdict and verdict.allows:
            newest.setdefault((entry["collection"], entry["day"], "allowed"), entry["_id"])
    needed = set(newest.values())
    models = [
        e["manifest"].get("models", {})
        for e in entries
        if e["_id"] in needed and e["collection"] == LISTS
    ]
    return needed | {entry_id(*item) for versions in models for item in versions.items()}
