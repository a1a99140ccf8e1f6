"""The sensor of due feeds: it asks for a poll when a feed's time has come, and for each day's row
of what is followed.
"""

from datetime import date

import dagster as dg

from podrec_assets.content.feeds.source import DEAD, due
from podrec_assets.day_windows import days_between
from podrec_assets.defs.sensors.run_backoff import attempts, request
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.sources_table import Followed
from podrec_assets.schemas import SOURCES

POLLS = "podrec/polls"
"""Tag of the runs that this sensor requests."""
MINIMUM_INTERVAL_S = 60


@dg.sensor(
    name="due_sources",
    target=dg.AssetSelection.assets(SOURCES.name),
    minimum_interval_seconds=MINIMUM_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a poll when a followed feed is due, and each day's state of the followed feeds once.",
)
def due_sources(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    if reason := attempts(context.instance, POLLS, SOURCES.name).reason_to_wait("a poll", now):
        return dg.SensorResult(skip_reason=reason)
    followed = Followed(connections.lake).present()
    waiting = due(followed, now)
    first = first_unreported(context.instance, connections, now.date())
    if not waiting and first is None:
        next_at = min((s.next_poll_at for s in followed if s.status != DEAD), default=None)
        return dg.SensorResult(
            skip_reason=f"no feed is due before {next_at:%H:%M} UTC"
            if next_at
            else "no feed is followed"
        )
    return dg.SensorResult(
        [request(POLLS, SOURCES.name, min(first or now.date(), now.date()), now.date())]
    )


def first_unreported(
    instance: dg.DagsterInstance, connections: Connections, today: date
) -> date | None:
    """The first day since the table began that no run has reported, None if there is none. Commands
    write the table too.
    """
    begun = connections.lake.state(SOURCES.name).first_day or today
    reported = instance.get_materialized_partitions(dg.AssetKey(SOURCES.name))
    return next(
        (day for day in days_between(begun, today) if day.isoformat() not in reported), None
    )
