"""A process that publishes 50 days, rolls back after every fifth, and prunes immediately.

Arguments: uri, database.
"""

import sys
from datetime import date, timedelta

from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.stores.mongo import MongoStore, Verdict, publishing, retention
from podrec_assets_tests.stores.version_sets import PASSED

PUBLICATIONS, ROLLBACK_EVERY = 50, 5
FIRST = date(2026, 1, 1)
LISTENERS = ("", *(f"u{n}" for n in range(8)))
LENGTH = 3


def documents(collection: str, day: date) -> list[dict]:
    """Returns lists of equal length whose items name their day, and so their version set."""
    item = {
        "episode_id": str(day), "score": 1.0, "als": 1.0, "cosine": 0.0, "show_id": "s",
        "show_title": "S", "title": "T", "sources": [], "causes": {}, "reason": "r",
    }  # fmt: skip
    items = [{**item, "rank": rank} for rank in range(1, LENGTH + 1)]
    return [{COLLECTION_KEYS[collection]: key, "items": items} for key in LISTENERS]


def publish(store: MongoStore, day: date) -> None:
    models: dict[str, str] = {}
    for name in COLLECTIONS:
        version = store.write_version(
            name,
            day,
            "run",
            documents(name, day),
            {"models": dict(models)} if name == LISTS else {},
        )
        models[name] = version.version
    store.judge(LISTS, version.version, Verdict(version.checksum, (PASSED,), "run"))
    publishing.advance(store, day, publishing.publishable(store, day))


def main() -> None:
    store = MongoStore(*sys.argv[1:])
    for number in range(PUBLICATIONS):
        day = FIRST + timedelta(days=number)
        publish(store, day)
        if number % ROLLBACK_EVERY == ROLLBACK_EVERY - 1:
            before = day - timedelta(days=1)
            versions = publishing.publishable(store, before)
            publishing.publish(store, before, versions, store.publication())
        # Without grace, so that some versions are pruned between the two reads of a reader.
        retention.prune(store, keep_days=1, grace=timedelta(0))


if __name__ == "__main__":
    main()
