"""From a served item back to the Kafka records it rests on: version, run, inputs, evidence, daily rows, events."""

from datetime import date, timedelta

from podrec_assets.errors import UnknownIdError
from podrec_assets.listening.daily import weight_sql
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import NEWCOMER, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.serving.reader import published
from podrec_assets.settings import Settings
from podrec_assets.stores import duck

INPUTS = {
    "episodes": Settings.catalogue_days,
    "vectors": Settings.catalogue_days,
    "user_vs_episode_daily": Settings.history_days,
    "fusion_weights": 1,
}
"""Delta tables behind a list, and how many days back it reads of them."""


def trace(connections: Connections, user: str, episode: str) -> dict:
    """Everything that a published item came from.

    Returns:
        item: as served. publication: day, move_count. runs: one for each collection.
        inputs: by table, its Delta version and the days read. settings: those that changed the result.
        evidence: the heard episodes that the reason names, their daily rows, and for content the two passages.
        events: the listener's distinct events on those episodes, with the weight of each, in order of time.

    Raises:
        UnknownIdError: the listener has no such item in the published list; names items that are.
    """
    current = published(connections)
    item, owner = _item(connections, current.versions["final_recommendations"], user, episode)
    manifests = {name: connections.mongo.version(name, v) for name, v in current.versions.items()}
    made = manifests["final_recommendations"]
    versions = made.manifest.get("delta_versions", {}) if made else {}
    heard = sorted(set(item["causes"].values()))
    return {
        "user_id": owner,
        "item": item,
        "publication": {"day": str(current.day), "move_count": current.v},
        "runs": [
            {"collection": name, "version": current.versions[name], "run_id": entry.manifest.get("run_id") if entry else None}
            for name, entry in sorted(manifests.items())
        ],
        "inputs": {t: {"delta_version": versions.get(t), "days": _days(current.day, n)} for t, n in INPUTS.items()},
        "settings": made.manifest.get("settings", {}) if made else {},
        "evidence": {
            "causes": item["causes"],
            "daily_rows": _daily_rows(connections, owner, heard, current.day, versions.get(USER_VS_EPISODE_DAILY.name)),
            "passages": _passages(connections, current.versions["similarities"], item["causes"].get("content"), episode),
        },
        "events": _events(connections, owner, heard, current.day, versions.get(USER_EVENTS.name)),
    }


def _item(connections: Connections, version: str, user: str, episode: str) -> tuple[dict, str]:
    found = connections.mongo.document("final_recommendations", version, user)
    owner = user if found else NEWCOMER
    found = found or connections.mongo.document("final_recommendations", version, NEWCOMER) or {"items": []}
    for item in found["items"]:
        if item["episode_id"] == episode:
            return item, owner
    shown = ", ".join(i["episode_id"] for i in found["items"][:5])
    raise UnknownIdError(f"{episode!r} is not in the list of {user!r}; in it: {shown}, ...")


def _days(last: date, count: int) -> list[str]:
    return [str(max(last - timedelta(days=count - 1), Settings.start_day)), str(last)]


def _daily_rows(connections: Connections, user: str, heard: list[str], last: date, version: int | None) -> list[dict]:
    begin = last - timedelta(days=Settings.history_days - 1)
    rows = connections.lake.read(USER_VS_EPISODE_DAILY.name, f"day >= '{begin}' AND day <= '{last}'", version=version)
    found = [r for r in rows.to_pylist() if r["user_id"] == user and r["episode_id"] in heard]
    return sorted(({**r, "day": str(r["day"]), "last_at": r["last_at"].isoformat()} for r in found), key=lambda r: r["day"])


def _events(connections: Connections, user: str, heard: list[str], last: date, version: int | None) -> list[dict]:
    begin = last - timedelta(days=Settings.history_days - 1)
    rows = connections.lake.read(USER_EVENTS.name, f"event_day >= '{begin}' AND event_day <= '{last}'", version=version)
    sql = f"""
    SELECT kafka_topic AS topic, kafka_partition AS "partition", kafka_offset AS "offset", recorded_at, event_id, episode_id,
        kind, occurred_at, CAST({weight_sql(connections.settings)} AS DOUBLE) AS weight
    FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_day, event_id ORDER BY kafka_partition, kafka_offset) AS copy_number
          FROM events WHERE user_id = $user AND list_contains($heard, episode_id)) numbered
    WHERE copy_number = 1 ORDER BY occurred_at, "partition", "offset"
    """
    found = duck.query(sql, {"events": rows}, {"user": user, "heard": heard}).to_pylist() if heard else []
    return [{**r, "recorded_at": r["recorded_at"].isoformat(), "occurred_at": r["occurred_at"].isoformat()} for r in found]


def _passages(connections: Connections, version: str, heard: str | None, episode: str) -> dict | None:
    document = connections.mongo.document("similarities", version, heard) if heard else None
    fields = ("score", "cosine", "lexical", "here_s", "there_s", "here_text", "there_text")
    for item in (document or {"items": []})["items"]:
        if item["episode_id"] == episode:
            return {f: item[f] for f in fields}
    return None
