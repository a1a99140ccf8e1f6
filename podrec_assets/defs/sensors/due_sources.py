"""The sensor of due feeds: requests polls, and one materialization of `sources` for each day."""

from datetime import date

import dagster as dg

from podrec_assets.content.feeds.source import DEAD, due
from podrec_assets.day_windows import days_between
from podrec_assets.defs.dagster_internals import materialized_days
from podrec_assets.defs.sensors.run_backoff import attempts, request
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.schemas import SOURCES

POLLS = "podrec/polls"
"""Tag of the runs that this sensor requests."""
MINIMUM_INTERVAL_S = 60


@dg.sensor(
    name="due_sources",
    target=dg.AssetSelection.assets(SOURCES.name),
    minimum_interval_seconds=MINIMUM_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a poll when a followed feed is due, and each day's state of the followed "
    "feeds once.",
)
def due_sources(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    if reason := attempts(context.instance, POLLS, SOURCES.name).reason_to_wait("a poll", now):
        return dg.SensorResult(skip_reason=reason)
    followed = FollowedFeeds(connections.lake).current()
    today, unreported = now.date(), first_unreported(context.instance, connections, now.date())
    if not due(followed, now) and unreported is None:
        next_at = min((s.next_poll_at for s in followed if s.status != DEAD), default=None)
        return dg.SensorResult(
            skip_reason=f"no feed is due before {next_at:%H:%M} UTC"
            if next_at
            else "no feed is followed"
        )
    return dg.SensorResult([request(POLLS, SOURCES.name, unreported or today, today)])


def first_unreported(
    instance: dg.DagsterInstance, connections: Connections, today: date
) -> date | None:
    """The first day of the table that Dagster does not show as materialized; None if there is none.

    Commands write the table too, without a materialization.
    """
    first = connections.lake.state(SOURCES.name).first_day or today
    reported = materialized_days(instance, SOURCES.name)
    return next((day for day in days_between(first, today) if day not in reported), None)
