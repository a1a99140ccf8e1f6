"""The sensor of unfinished transcripts: due retries, and what an earlier run's budget left over."""

from datetime import date, datetime

import dagster as dg

from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.content.transcripts.retry_policy import is_due
from podrec_assets.defs.sensors.run_backoff import attempts, range_requests
from podrec_assets.errors import PodrecError
from podrec_assets.ledger.lateness import bounded_ranges
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS

RETRIES = "podrec/retries"
"""Tag of the runs that this sensor requests."""
MINIMUM_INTERVAL_S = 300
MAX_RUNS, MAX_DAYS = 1, 31
"""Runs that one tick requests, and days of one run."""
UNFINISHED_ROWS = (
    "status = 'over_budget' OR status = 'no_model' "
    "OR (status = 'failed' AND next_attempt_at IS NOT NULL)"
)


@dg.sensor(
    name="transcripts_due",
    target=dg.AssetSelection.assets(TRANSCRIPTS.name),
    minimum_interval_seconds=MINIMUM_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Once an hour, requests the newest days of `transcripts` that have due retries or "
    "episodes left over by the budget of an earlier run.",
)
def transcripts_due(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    previous = attempts(context.instance, RETRIES, TRANSCRIPTS.name)
    if reason := previous.reason_to_wait("a run of retries", now):
        return dg.SensorResult(skip_reason=reason)
    try:
        days = due_days(unfinished(connections), now, choose_engine(connections.settings))
    except PodrecError as err:
        return dg.SensorResult(skip_reason=str(err))
    if not days:
        return dg.SensorResult(skip_reason="no transcript is due")
    # The hour as version enforces the budget: what it leaves over waits for the next hour.
    ranges, hour = bounded_ranges(days, MAX_RUNS, MAX_DAYS), f"{now:%Y-%m-%dT%H}"
    return dg.SensorResult(
        range_requests(previous, RETRIES, TRANSCRIPTS.name, ranges, "retries", hour)
    )


def unfinished(connections: Connections) -> list[dict]:
    """The rows of `transcripts` that may be due, without their text."""
    columns = ("day", "status", "engine", "language", "is_low_quality", "next_attempt_at")
    return connections.lake.read(TRANSCRIPTS.name, UNFINISHED_ROWS, columns).to_pylist()


def due_days(rows: list[dict], now: datetime, engine: AsrEngine | None) -> list[date]:
    """Days with at least one due row, in order."""
    return sorted({r["day"] for r in rows if is_due(r, now, engine)})
