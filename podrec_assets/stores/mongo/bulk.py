"""Reads, writes and deletes a version's documents, in batches that the embedded server can hold."""

from collections.abc import Container

from pymongo import DeleteOne, ReplaceOne
from pymongo.cursor import Cursor
from pymongo.database import Database

BATCH = 500
READ_BATCH = 200
"""Documents of one answer; the embedded server would put all into one, which 48 MB make too big."""


def find(
    db: Database, collection: str, query: dict, fields: dict[str, int] | None = None
) -> Cursor:
    """Returns a cursor over any number of documents."""
    return db[collection].find(query, fields, batch_size=READ_BATCH)


def replace_documents(db: Database, collection: str, version: str, documents: list[dict]) -> None:
    """Makes the version hold exactly these documents, which have an `_id`."""
    delete_documents(db, collection, version, keep={d["_id"] for d in documents})
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        replacements = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in batch]
        db[collection].bulk_write(replacements, ordered=False)


def delete_documents(
    db: Database, collection: str, version: str, keep: Container[str] = ()
) -> None:
    """Deletes the documents of a version, except the ids in `keep`."""
    stored = [d["_id"] for d in find(db, collection, {"version": version}, {"_id": 1})]
    ids = [i for i in stored if i not in keep]
    # delete_many over a whole version can exhaust the embedded server's heap.
    for start in range(0, len(ids), BATCH):
        deletions = [DeleteOne({"_id": i}) for i in ids[start : start + BATCH]]
        db[collection].bulk_write(deletions, ordered=False)
