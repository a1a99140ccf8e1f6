"""From a served item back to the Kafka records it rests on: version, run, inputs, evidence, daily
rows, events.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.listening.daily_score import distinct_events_sql, weight_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import history_of_window
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.schemas import (
    COLLECTIONS,
    EPISODES,
    LISTS,
    NEWCOMER,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.serving.reader import served_list
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.mongo import Publication, Version

INPUTS = {
    "episodes": ("final_recommendations", Settings.catalogue_days),
    "vectors": ("similarities", Settings.catalogue_days),
    "user_events": ("final_recommendations", Settings.history_days),
    "user_vs_episode_daily": ("final_recommendations", Settings.history_days),
    "fusion_weights": ("final_recommendations", 1),
}
"""Delta tables behind a list: the collection whose run read them, and how many days back."""
KNOWN_SHOWN = 5


def trace(connections: Connections, user: str, episode: str) -> dict:
    """Everything that a published item came from.

    Returns:
        user_id: whose list it is, "" for the newcomers'.
        item: as served.
        publication: day, version, move_count, gate: the verdict: {passed, compared_with,
            overruled_at, checks: {name: words}}.
        runs: one for each collection: collection, version, run_id, code, delta_versions.
        inputs: by table: delta_version, days (first and last read).
        settings: those that changed the result.
        evidence: causes: by arm the heard episode that the reason names. heard: every episode of
            the listener that an arm of this item's score rests on: episode_id, arms, similarity,
            is_named. daily_rows: their rows of
            user_vs_episode_daily, each with adds_up: whether the events below make its score.
                passages: for content, the two
            that are close.
        events: the listener's distinct events on those episodes that weigh something: topic,
            partition, offset, recorded_at, event_id, episode_id, kind, occurred_at, weight; in
            order of time.

    Raises:
        UnknownIdError: the listener has no such item in the published list; names items that are.
        PermanentError: nothing is published.
    """
    current, owner, items = served_list(connections, user)
    item = next((i for i in items if i["episode_id"] == episode), None)
    if item is None:
        shown = ", ".join(i["episode_id"] for i in items[:KNOWN_SHOWN])
        raise UnknownIdError(f"{episode!r} is not in the list of {user!r}; in it: {shown}, ...")
    made = {name: connections.mongo.version(name, current.versions[name]) for name in COLLECTIONS}
    inputs = {table: _input(connections, made, table, current.day) for table in INPUTS}
    lists = made[LISTS]
    made_with = lists.manifest.get("settings", {}) if lists else {}
    settings = connections.settings.model_copy(update=made_with)
    evidence, events = _evidence(connections, settings, owner, item, current, inputs)
    return {
        "user_id": owner,
        "item": item,
        "publication": _publication(current, lists),
        "runs": [_run(name, current.versions[name], version) for name, version in made.items()],
        "inputs": inputs,
        "settings": made_with,
        "evidence": evidence,
        "events": events,
    }


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
        "move_count": current.v,
        "gate": gate,
    }


def _run(collection: str, version: str, made: Version | None) -> dict:
    manifest = made.manifest if made else {}
    told = {field: manifest.get(field) for field in ("run_id", "code", "delta_versions")}
    return {"collection": collection, "version": version, **told}


def _input(
    connections: Connections, made: dict[str, Version | None], table: str, last: date
) -> dict:
    reader, days = INPUTS[table]
    version = made[reader]
    number = version.manifest.get("delta_versions", {}).get(table) if version else None
    first = max(last - timedelta(days=days - 1), Settings.start_day)
    return {"delta_version": number, "days": [str(first), str(last)]}


@dataclass
class _Lake:
    """The listener's rows as the list's run found them, or as they are now where that is no longer
    kept.
    """

    connections: Connections
    inputs: dict[str, dict]
    is_as_made: bool = True

    def rows(self, table: str, day: str, column: str, values: list[str]) -> pa.Table:
        """Rows of the days that the list looked back on, whose column is one of the values; `day`
        names their day.
        """
        first, last = self.inputs[table]["days"]
        version, where = (
            self.inputs[table]["delta_version"],
            f"{day} >= '{first}' AND {day} <= '{last}'",
        )
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
    """What of the listener's own history the item's score rests on; nothing for newcomers."""
    lake = _Lake(connections, inputs)
    daily = lake.rows(USER_VS_EPISODE_DAILY.name, "day", "user_id", [owner])
    heard = _heard(
        connections, owner, item, current, history_of_window(daily, current.day, settings)
    )
    names = [h["episode_id"] for h in heard]
    events = _events(lake, weight_sql(settings), owner, names) if names else []
    rows = [_daily_row(r, events) for r in daily.to_pylist() if r["episode_id"] in names]
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
    """Episodes of the listener by the arms of the score that they are part of.

    ALS rests on everything of weight; the content arm on what was heard and is kin to the item: by
    similarity, or by show.
    """
    if owner == NEWCOMER or owner not in history.users:
        return []
    row = history.matrix[history.users.index(owner)]
    of_weight = {history.items[column] for column in row.indices} if item["als"] > 0 else set()
    heard = (
        (history.seen[owner] | history.finished[owner].keys()) - history.unliked[owner]
        if item["cosine"] > 0
        else set()
    )
    near = _similar(connections, current.versions["similarities"], item["episode_id"], heard)
    rows = connections.lake.read_equal(EPISODES.name, "show_id", item["show_id"], ("episode_id",))
    kin = near.keys() | heard & set(rows["episode_id"].to_pylist())
    return [
        {
            "episode_id": episode,
            "arms": [
                arm for arm, part in (("als", of_weight), ("content", kin)) if episode in part
            ],
            "similarity": near.get(episode),
            "is_named": episode in item["causes"].values(),
        }
        for episode in sorted(of_weight | kin | set(item["causes"].values()))
    ]


def _similar(
    connections: Connections, version: str, episode: str, heard: set[str]
) -> dict[str, float]:
    """By heard episode that has the other among its neighbours, or is one of them: their
    similarity.
    """
    documents = connections.mongo.documents_of("similarities", version, heard | {episode})
    scores = {of: {i["episode_id"]: i["score"] for i in d["items"]} for of, d in documents.items()}
    near = {e: score for e, score in scores.pop(episode, {}).items() if e in heard}
    return near | {e: found[episode] for e, found in scores.items() if episode in found}


def _events(lake: _Lake, weight: str, user: str, heard: list[str]) -> list[dict]:
    own = lake.rows(USER_EVENTS.name, "event_day", "user_id", [user])
    # Of an id that several sent the first record counts, whosever it is.
    rows = lake.rows(
        USER_EVENTS.name, "event_day", "event_id", sorted(set(own["event_id"].to_pylist()))
    )
    sql = f"""
    SELECT kafka_topic AS topic, kafka_partition AS "partition", kafka_offset AS "offset", recorded_at, event_id, episode_id,
        kind, occurred_at, CAST({weight} AS DOUBLE) AS weight
    FROM ({distinct_events_sql("events")}) counted
    WHERE user_id = $user AND list_contains($heard, episode_id) AND weight <> 0
    ORDER BY occurred_at, "partition", "offset"
    """
    found = duckdb.query(sql, {"events": rows}, {"user": user, "heard": heard}).to_pylist()
    return [
        {
            **r,
            "recorded_at": r["recorded_at"].isoformat(),
            "occurred_at": r["occurred_at"].isoformat(),
        }
        for r in found
    ]


def _daily_row(row: dict, events: list[dict]) -> dict:
    """A daily row as JSON, and whether its events make its score."""
    day = str(row["day"])
    weights = [
        e["weight"]
        for e in events
        if e["episode_id"] == row["episode_id"] and e["occurred_at"][:10] == day
    ]
    return {
        **row,
        "day": day,
        "last_at": row["last_at"].isoformat(),
        "adds_up": abs(sum(weights) - row["score"]) < 1e-9,
    }
