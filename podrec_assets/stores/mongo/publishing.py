"""Moves the pointer to what is served: by compare-and-set, and only to complete versions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from pymongo.errors import DuplicateKeyError

from podrec_assets.errors import GateError, MissingPartitionError, PermanentError, RetryableError
from podrec_assets.schemas import COLLECTION_KEYS, LISTS
from podrec_assets.stores.mongo.driver_errors import translated
from podrec_assets.stores.mongo.entries import Publication, Version, entry_id, to_pointer
from podrec_assets.stores.mongo.mongo_store import MongoStore

MOVES_TRIED = 20


def publishable(store: MongoStore, day: date) -> dict[str, str]:
    """Returns the version set of a day that may be served.

    That is the day's newest lists that the gate allowed, and the models they were computed from.

    Raises:
        MissingPartitionError: a collection has no complete version for the day.
        GateError: the gate refused the day's lists or has not judged them; says which check and
            by how much.
    """
    lists = store.versions(LISTS, day)
    allowed = next((v for v in lists if v.verdict and v.verdict.allows), None)
    models = (allowed or lists[0]).manifest.get("models", {}) if lists else {}
    version_set = {LISTS: allowed or next(iter(lists), None)}
    for name in COLLECTION_KEYS.keys() - {LISTS}:
        version_set[name] = (
            store.version(name, models[name]) if name in models else store.latest_version(name, day)
        )
    missing = sorted(name for name, version in version_set.items() if version is None)
    if missing:
        raise MissingPartitionError(
            f"{day} has no complete versions: {', '.join(missing)} must be materialized first."
        )
    if allowed is None:
        raise GateError(refusal(lists[0]))
    return {name: version.version for name, version in version_set.items() if version}


def advance(
    store: MongoStore, day: date, versions: dict[str, str], withdrawn: Sequence[str] = ()
) -> Publication:
    """Publishes the versions unless a newer day is served; returns what is served then.

    If several runs publish at the same time, the newest day wins in any order.

    Raises:
        PermanentError: a version is not complete.
        RetryableError: other runs kept moving the pointer.
    """
    for _ in range(MOVES_TRIED):
        current = store.publication()
        if current and current.day > day:
            return current
        try:
            return publish(store, day, versions, current, withdrawn)
        except RetryableError as err:
            conflict = err
    raise conflict


def publish(
    store: MongoStore,
    day: date,
    versions: dict[str, str],
    current: Publication | None,
    withdrawn: Sequence[str] = (),
) -> Publication:
    """Moves the pointer from `current` to the given versions, whatever their day.

    Readers leave out the episodes of `withdrawn`.

    Raises:
        PermanentError: a version is not complete.
        RetryableError: another run moved the pointer since `current` was read.
    """
    moved = Publication(day, versions, 1, {}, list(withdrawn))
    if current:
        if replace(current, v=1, previous={}) == moved:
            return current
        is_same = current.versions == versions
        previous = current.previous if is_same else current.versions
        moved = replace(moved, v=current.v + 1, previous=previous)
    for collection, version in versions.items():
        if not _mark_served(store, collection, version):
            raise PermanentError(
                f"Version {version} of {collection} is not complete, so it is not published."
            )
    for collection, version in moved.previous.items():
        _mark_served(store, collection, version)
    _move_pointer(store, current, moved)
    return moved


def overrule(store: MongoStore, version: Version) -> None:
    """Records that a person wants refused lists served anyway.

    Raises:
        GateError: the lists were not judged, or failed a check other than a comparison.
    """
    if version.verdict is None or not version.verdict.is_forceable:
        raise GateError(f"{refusal(version)} This cannot be overruled.")
    verdict = replace(version.verdict, overruled_at=datetime.now(UTC).isoformat())
    store.judge(LISTS, version.version, verdict)


def refusal(version: Version) -> str:
    """Explains why lists may not be served."""
    name = f"{version.version} of {LISTS}"
    if version.verdict is None:
        command = f"`podrec run --select {LISTS} --days {version.day}..{version.day}`"
        return f"Version {name} has not been judged by the gate: run {command} first."
    return f"The gate refused version {name}: {'; '.join(version.verdict.refusals)}."


def _move_pointer(store: MongoStore, current: Publication | None, moved: Publication) -> None:
    """Compare-and-set. Raises RetryableError if the pointer is not `current` any more."""
    pointers = store.db["publications"]
    with translated():
        if current is None:
            try:
                pointers.insert_one(to_pointer(moved))
            except DuplicateKeyError as err:
                raise RetryableError(
                    "The publication was made by another run at the same time; run again."
                ) from err
        else:
            result = pointers.replace_one({"_id": "current", "v": current.v}, to_pointer(moved))
            if result.matched_count != 1:
                raise RetryableError(
                    "The publication was moved by another run at the same time; run again."
                )


def _mark_served(store: MongoStore, collection: str, version: str) -> bool:
    """Protects a listed version from pruning until the grace is over; False if it is not listed.

    Pruning deletes the entry by the same field in one atomic step. So either this call comes first
    and the version stays, or the version is gone and is not published.
    """
    with translated():
        served = {"$set": {"served_at": datetime.now(UTC)}}
        entry = {"_id": entry_id(collection, version)}
        return store.db["versions"].update_one(entry, served).matched_count == 1
