"""The sensor of late events: requests daily scores again that were computed without them."""

from datetime import date, timedelta
from typing import cast

import dagster as dg

from podrec_assets.defs.sensors.offsets import MINIMUM_INTERVAL_S
from podrec_assets.defs.sensors.run_backoff import attempts, range_requests
from podrec_assets.ledger.lateness import (
    COMPUTED_FROM,
    COMPUTED_FROM_TOPIC,
    bounded_ranges,
    outdated,
)
from podrec_assets.ledger.ledger import Offsets
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import between

REFRESHES = "podrec/refreshes"
"""Tag of the runs that this sensor requests."""
MAX_RUNS, MAX_DAYS = 3, 31
"""Runs that one tick requests, and days of one run; a flood of late events takes several ticks."""


@dg.sensor(
    name="late_events",
    target=dg.AssetSelection.assets(USER_VS_EPISODE_DAILY.name),
    minimum_interval_seconds=MINIMUM_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests exactly the days of `user_vs_episode_daily` that were computed before "
    "some of their late events landed.",
)
def late_events(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    previous = attempts(context.instance, REFRESHES, USER_VS_EPISODE_DAILY.name)
    if reason := previous.reason_to_wait("a refresh", now):
        return dg.SensorResult(skip_reason=reason)
    days = waiting_days(connections, context.instance, now.date())
    if not days:
        return dg.SensorResult(skip_reason="no day waits for late events")
    ranges = bounded_ranges(days, MAX_RUNS, MAX_DAYS)
    version = connections.lake.state(USER_EVENTS.name).version
    return dg.SensorResult(
        range_requests(previous, REFRESHES, USER_VS_EPISODE_DAILY.name, ranges, "late", version)
    )


def waiting_days(
    connections: Connections, instance: dg.DagsterInstance, today: date, is_late_only: bool = True
) -> list[date]:
    """Days within the models' history whose score lacks landed events: late ones, or any.

    A score lacks events on time while its day is not over, or after a run was killed between
    landing and scoring.
    """
    begin = today - timedelta(days=Settings.history_days)
    where = between(begin, today, "event_day") + (" AND is_late" if is_late_only else "")
    keys = ["event_day", "kafka_partition"]
    rows = connections.lake.read(USER_EVENTS.name, where, (*keys, "kafka_offset"))
    highest: dict[date, Offsets] = {}
    for row in rows.group_by(keys).aggregate([("kafka_offset", "max")]).to_pylist():
        highest.setdefault(row["event_day"], {})[row["kafka_partition"]] = row["kafka_offset_max"]
    scored = connections.lake.state(USER_VS_EPISODE_DAILY.name).days
    topic_id = connections.lake.ledger(USER_EVENTS.name).topic_id
    computed = {day: computed_from(instance, day, topic_id) for day in highest if day in scored}
    return outdated(highest, {day: o for day, o in computed.items() if o is not None})


def computed_from(instance: dg.DagsterInstance, day: date, topic_id: str) -> Offsets | None:
    """The landed offsets (exclusive) that a day's latest score was computed from.

    None if the day has no materialization that names them, or if they are of another topic: one
    that was recreated has the same offsets again.
    """
    key = dg.AssetKey(USER_VS_EPISODE_DAILY.name)
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[day.isoformat()]), limit=1
    ).records
    event = records[0].asset_materialization if records else None
    metadata = event.metadata.get(COMPUTED_FROM) if event else None
    if event is None or metadata is None:
        return None
    topic = event.metadata.get(COMPUTED_FROM_TOPIC)
    if topic is not None and topic.value != topic_id:
        return None
    return {int(p): int(o) for p, o in cast(dict, metadata.value).items()}
