"""Traces a served item back to its version, run, inputs and settings.

The daily rows and Kafka records behind it are read in `listening_evidence`.
"""

from datetime import date, timedelta

from podrec_assets.content.withdrawals import Withdrawal
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    COLLECTIONS,
    EPISODES,
    FUSION_WEIGHTS,
    LISTS,
    SIMILARITIES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
)
from podrec_assets.serving.catalogue import withdrawal
from podrec_assets.serving.listening_evidence import listening_evidence
from podrec_assets.serving.reader import served_list
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Publication, Version

INPUTS = {
    EPISODES.name: (LISTS, Settings.catalogue_days),
    VECTORS.name: (SIMILARITIES, Settings.catalogue_days),
    USER_EVENTS.name: (LISTS, Settings.history_days),
    USER_VS_EPISODE_DAILY.name: (LISTS, Settings.history_days),
    FUSION_WEIGHTS.name: (LISTS, 1),
}
"""Delta tables behind a list: the collection whose run read it, and how many days back."""
KNOWN_SHOWN = 5


def trace(connections: Connections, user: str, episode: str) -> dict:
    """Returns everything that a published item was computed from.

    A withdrawn episode is traced in the newest kept version that has it.

    Returns:
        user_id: the list's owner, "" for the newcomers' list.
        item: as served.
        withdrawal: why the episode is withdrawn now: target_id, source, withdrawn_at, reason and
            says, a sentence of them; None if it is not.
        publication: day, version, move_count (None if the version is not served now) and gate:
            {passed, compared_with, overruled_at, checks: {name: message}}.
        runs: per collection: collection, version, run_id, code, delta_versions.
        inputs: per table: delta_version, days (first and last).
        settings: the settings that affect results.
        evidence: a dict of
            causes: per arm, the heard episode that the reason names;
            heard: every episode of the listener that the score uses: episode_id, arms,
            similarity, is_named;
            daily_rows: their rows of user_vs_episode_daily, each with adds_up: whether the
            events below sum to its score;
            passages: for the content arm, the two similar passages;
            is_as_made: whether the tables could be read as of the run.
        events: the listener's distinct events on those episodes with a weight, in order of time:
            topic, partition, offset, recorded_at, event_id, episode_id, kind, occurred_at, weight.

    Raises:
        UnknownIdError: the item is not in the listener's published list; names some that are.
        PermanentError: nothing is published.
    """
    withdrawn = withdrawal(connections, episode)
    current, owner, item = _traced(connections, user, episode, withdrawn)
    versions = {
        name: connections.mongo.version(name, current.versions[name]) for name in COLLECTIONS
    }
    inputs = {table: _input(versions, table, current.day) for table in INPUTS}
    lists = versions[LISTS]
    made_with = lists.manifest.get("settings", {}) if lists else {}
    settings = connections.settings.model_copy(update=made_with)
    evidence, events = listening_evidence(connections, settings, owner, item, current, inputs)
    return {
        "user_id": owner,
        "item": item,
        "withdrawal": withdrawn.document() if withdrawn else None,
        "publication": _publication(current, lists),
        "runs": [_run(name, current.versions[name], version) for name, version in versions.items()],
        "inputs": inputs,
        "settings": made_with,
        "evidence": evidence,
        "events": events,
    }


def _traced(
    connections: Connections, user: str, episode: str, withdrawn: Withdrawal | None
) -> tuple[Publication, str, dict]:
    """Returns the versions to trace an item in, the list's owner and the item."""
    current, owner, items = served_list(connections, user)
    if item := _item(items, episode):
        return current, owner, item
    if withdrawn is None:
        known = ", ".join(i["episode_id"] for i in items[:KNOWN_SHOWN])
        raise UnknownIdError(f"{episode!r} is not in the list of {user!r}; it has: {known}, ...")
    mongo = connections.mongo
    for version in mongo.versions(LISTS):
        versions = {LISTS: version.version, **version.manifest.get("models", {})}
        document = mongo.document(LISTS, version.version, owner)
        item = _item(document["items"] if document else [], episode)
        if item and versions.keys() == set(COLLECTIONS):
            move_count = current.v if versions == current.versions else 0
            return Publication(version.day, versions, move_count, {}), owner, item
    raise UnknownIdError(f"{episode!r} is in no kept list of {user!r}; it is {withdrawn.says}")


def _item(items: list[dict], episode: str) -> dict | None:
    return next((i for i in items if i["episode_id"] == episode), None)


def _publication(current: Publication, lists: Version | None) -> dict:
    verdict = lists.verdict if lists else None
    gate = verdict and {
        "passed": verdict.passed,
        "compared_with": verdict.compared_with,
        "overruled_at": verdict.overruled_at,
        "checks": {f["check"]: f["says"] for f in verdict.findings},
    }
    return {
        "day": str(current.day),
        "version": current.versions[LISTS],
        "move_count": current.v or None,
        "gate": gate,
    }


def _run(collection: str, name: str, version: Version | None) -> dict:
    manifest = version.manifest if version else {}
    fields = {field: manifest.get(field) for field in ("run_id", "code", "delta_versions")}
    return {"collection": collection, "version": name, **fields}


def _input(versions: dict[str, Version | None], table: str, last: date) -> dict:
    collection, days = INPUTS[table]
    version = versions[collection]
    number = version.manifest.get("delta_versions", {}).get(table) if version else None
    first = max(last - timedelta(days=days - 1), Settings.start_day)
    return {"delta_version": number, "days": [str(first), str(last)]}
