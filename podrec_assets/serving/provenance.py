"""Traces a served item back to its version, run, inputs, daily rows and Kafka records."""

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from podrec_assets.content.withdrawals import Withdrawal
from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.listening.daily_score import counted_events_sql, weight_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import history_of_window
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.arms import registry
from podrec_assets.recommend.ranking.arms.protocol import TracedItem
from podrec_assets.schemas import (
    COLLECTIONS,
    EPISODES,
    FUSION_WEIGHTS,
    LISTS,
    NEWCOMER,
    SIMILARITIES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
)
from podrec_assets.serving.catalogue import withdrawal
from podrec_assets.serving.reader import served_list
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
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
TOLERANCE = 1e-9
"""Largest rounding error of a daily score."""


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
    evidence, events = _evidence(connections, settings, owner, item, current, inputs)
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


@dataclass
class _Lake:
    """The listener's rows as of the list's run, or as of now if that table version was vacuumed."""

    connections: Connections
    inputs: dict[str, dict]
    is_as_made: bool = True

    def rows(self, table: str, day: str, column: str, values: list[str]) -> pa.Table:
        """Returns rows of the days that the list was computed from.

        Args:
            table: name of the Delta table.
            day: its date column.
            column: column to filter by.
            values: wanted values of that column.
        """
        first, last = self.inputs[table]["days"]
        version = self.inputs[table]["delta_version"]
        where = f"{day} >= '{first}' AND {day} <= '{last}'"
        lake = self.connections.lake
        try:
            return lake.read_equal(table, column, values, where=where, version=version)
        except PermanentError:
            self.is_as_made = False
            return lake.read_equal(table, column, values, where=where)


def _evidence(
    connections: Connections,
    settings: Settings,
    owner: str,
    item: dict,
    current: Publication,
    inputs: dict[str, dict],
) -> tuple[dict, list[dict]]:
    """Returns the listener's history behind the item's score, and its events."""
    lake = _Lake(connections, inputs)
    daily = lake.rows(USER_VS_EPISODE_DAILY.name, "day", "user_id", [owner])
    history = history_of_window(daily, current.day, settings)
    heard = _heard(connections, owner, item, current, history)
    ids = [h["episode_id"] for h in heard]
    events = _events(lake, settings, owner, ids) if ids else []
    rows = [_daily_row(r, events) for r in daily.to_pylist() if r["episode_id"] in ids]
    evidence = {
        "causes": item["causes"],
        "heard": heard,
        "daily_rows": sorted(rows, key=lambda r: (r["day"], r["episode_id"])),
        "passages": item.get("passages"),
        "is_as_made": lake.is_as_made,
    }
    return evidence, events


def _heard(
    connections: Connections, owner: str, item: dict, current: Publication, history: Interactions
) -> list[dict]:
    """Returns the listener's episodes that the score uses, each with the arms that use it."""
    if owner == NEWCOMER or owner not in history.users:
        return []
    version, episode = current.versions[SIMILARITIES], item["episode_id"]
    neighbours = _similarity(connections, version, episode, history.valued(owner))
    show = connections.lake.read_equal(EPISODES.name, "show_id", item["show_id"], ("episode_id",))
    traced = TracedItem(owner, history, neighbours, set(show["episode_id"].to_pylist()))
    scores = registry.arm_scores(item)
    used_by = {a.name: a.heard_behind(traced) for a in registry.ARMS if scores[a.score_field] > 0}
    similarity = {e: s for heard in used_by.values() for e, s in heard.items() if s is not None}
    named = set(item["causes"].values())
    return [
        {
            "episode_id": episode,
            "arms": [arm for arm, episodes in used_by.items() if episode in episodes],
            "similarity": similarity.get(episode),
            "is_named": episode in named,
        }
        for episode in sorted(named.union(*used_by.values()))
    ]


def _similarity(
    connections: Connections, version: str, episode: str, heard: set[str]
) -> dict[str, float]:
    """Returns the similarity of each heard episode that is a neighbour, in either direction."""
    documents = connections.mongo.documents_of(SIMILARITIES, version, heard | {episode})
    scores = {of: {i["episode_id"]: i["score"] for i in d["items"]} for of, d in documents.items()}
    forward = {e: score for e, score in scores.pop(episode, {}).items() if e in heard}
    backward = {e: items[episode] for e, items in scores.items() if episode in items}
    return forward | backward


def _events(lake: _Lake, settings: Settings, user: str, heard: list[str]) -> list[dict]:
    own = lake.rows(USER_EVENTS.name, "event_day", "user_id", [user])
    counted = counted_events_sql("events", settings.listener_events_per_day)
    sql = f"""
    SELECT kafka_topic AS topic, kafka_partition AS "partition", kafka_offset AS "offset",
        recorded_at, event_id, episode_id, kind, occurred_at,
        CAST({weight_sql(settings)} AS DOUBLE) AS weight
    FROM ({counted}) counted
    WHERE list_contains($heard, episode_id) AND weight <> 0
    ORDER BY occurred_at, "partition", "offset"
    """
    events = duckdb.query(sql, {"events": own}, {"heard": heard}).to_pylist()
    times = ("recorded_at", "occurred_at")
    return [
        {**event, **{time: at.isoformat() if (at := event[time]) else None for time in times}}
        for event in events
    ]


def _daily_row(row: dict, events: list[dict]) -> dict:
    """Returns a daily row as JSON, and whether its events sum to its score."""
    day = str(row["day"])
    weight = sum(
        event["weight"]
        for event in events
        if event["episode_id"] == row["episode_id"] and event["occurred_at"][:10] == day
    )
    return {
        **row,
        "day": day,
        "last_at": row["last_at"].isoformat(),
        "adds_up": abs(weight - row["score"]) < TOLERANCE,
    }
