"""Writes version sets whose documents name their set, for tests of publishing and retention."""

from datetime import date

from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.stores.mongo import MongoStore, Verdict, Version

KEYS = ("", "ann", "bob")
PASSED = {
    "check": "churn_is_bounded",
    "passed": True,
    "forceable": True,
    "says": "0.1; the bound is 0.8",
    "value": 0.1,
    "bound": 0.8,
}
UNUSUAL = PASSED | {"passed": False, "says": "0.9; the bound is 0.8", "value": 0.9}
FAULT = PASSED | {
    "check": "nothing_heard_is_listed",
    "passed": False,
    "forceable": False,
    "says": "ann is shown 1 heard episodes",
}


def write_version_set(
    store: MongoStore, day: date, run: str, *findings: dict, keys: tuple[str, ...] = KEYS
) -> Version:
    """Writes a version set, judges its lists if there are findings, and returns the lists."""
    models: dict[str, str] = {}
    for name in COLLECTIONS:
        manifest = {"models": dict(models)} if name == LISTS else {}
        documents = [
            {COLLECTION_KEYS[name]: key, "items": [{"rank": 1, "episode_id": f"{day}/{run}"}]}
            for key in keys
        ]
        version = store.write_version(name, day, run, documents, manifest)
        models[name] = version.version
    if findings:
        store.judge(LISTS, version.version, Verdict(version.checksum, findings, run))
    return version
