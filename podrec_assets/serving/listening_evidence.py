"""What a listener did that is behind a served item: heard episodes, daily rows, Kafka records."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from podrec_assets.errors import PermanentError
from podrec_assets.listening.daily_score import counted_events_sql, weight_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import history_of_window
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.arms import registry
from podrec_assets.recommend.ranking.arms.protocol import TracedItem
from podrec_assets.schemas import (
    EPISODES,
    NEWCOMER,
    SIMILARITIES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import between
from podrec_assets.stores.mongo import Publication

TOLERANCE = 1e-9
"""Largest rounding error of a daily score."""


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
        where = between(date.fromisoformat(first), date.fromisoformat(last), day)
        lake = self.connections.lake
        try:
            return lake.read_equal(table, column, values, where=where, version=version)
        except PermanentError:
            self.is_as_made = False
            return lake.read_equal(table, column, values, where=where)


def listening_evidence(
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
