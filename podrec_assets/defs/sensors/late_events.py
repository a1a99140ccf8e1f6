"""The sensor of late events: a daily score that was computed before some of its events landed is
computed again.
"""

from datetime import date, timedelta
from typing import cast

import dagster as dg

from podrec_assets.defs.sensors.offsets import MINIMUM_INTERVAL_S
from podrec_assets.defs.sensors.run_backoff import attempts, request
from podrec_assets.ledger.lateness import COMPUTED_FROM, bounded_ranges, outdated
from podrec_assets.ledger.ledger import Offsets
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings

REFRESHES = "podrec/refreshes"
"""Tag of the runs that this sensor requests."""
MOST_RUNS, MOST_DAYS = 3, 31
"""Runs that one tick requests, and days of one run: a flood of late events is worked off over
several ticks.
"""


@dg.sensor(
    name="late_events",
    target=dg.AssetSelection.assets(USER_VS_EPISODE_DAILY.name),
    minimum_interval_seconds=MINIMUM_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests exactly the days of `user_vs_episode_daily` for which late events landed after they were computed.",
)
def late_events(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    tried = attempts(context.instance, REFRESHES, USER_VS_EPISODE_DAILY.name)
    if reason := tried.reason_to_wait("a refresh", now):
        return dg.SensorResult(skip_reason=reason)
    days = waiting_days(connections, context.instance, now.date())
    if not days:
        return dg.SensorResult(skip_reason="no day waits for late events")
    version = connections.lake.state(USER_EVENTS.name).version
    # A version of user_events that did not change needs no second request for the same days, unless
    # the first failed.
    ranges = bounded_ranges(days, MOST_RUNS, MOST_DAYS)
    return dg.SensorResult(
        [
            request(
                REFRESHES, USER_VS_EPISODE_DAILY.name, a, b, tried.key(f"late:{a}..{b}:{version}")
            )
            for a, b in ranges
        ]
    )


def waiting_days(
    connections: Connections, instance: dg.DagsterInstance, today: date, is_late_only: bool = True
) -> list[date]:
    """Days within the models' history whose score lacks events that have landed: late ones, or any.

    An event in time is lacking while its day goes on, or where a run was killed between landing and
    scoring.
    """
    begin = today - timedelta(days=Settings.history_days)
    where = f"event_day >= '{begin}' AND event_day <= '{today}'" + (
        " AND is_late" if is_late_only else ""
    )
    keys = ["event_day", "kafka_partition"]
    rows = connections.lake.read(USER_EVENTS.name, where, (*keys, "kafka_offset"))
    highest: dict[date, Offsets] = {}
    for row in rows.group_by(keys).aggregate([("kafka_offset", "max")]).to_pylist():
        highest.setdefault(row["event_day"], {})[row["kafka_partition"]] = row["kafka_offset_max"]
    made = connections.lake.state(USER_VS_EPISODE_DAILY.name).days
    computed = {day: computed_from(instance, day) for day in highest if day in made}
    return outdated(highest, {day: found for day, found in computed.items() if found is not None})


def computed_from(instance: dg.DagsterInstance, day: date) -> Offsets | None:
    """The landed offsets (exclusive) that the latest materialization of a day's score was computed
    from; None without one.
    """
    key = dg.AssetKey(USER_VS_EPISODE_DAILY.name)
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[day.isoformat()]), limit=1
    ).records
    event = found[0].asset_materialization if found else None
    metadata = event.metadata.get(COMPUTED_FROM) if event else None
    if metadata is None:
        return None
    return {int(p): int(o) for p, o in cast(dict, metadata.value).items()}
