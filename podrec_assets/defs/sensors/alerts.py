"""The alerts sensor: sends failed runs, failed checks and overdue assets.

A failed check or an overdue asset is sent once, and once more when it is resolved. Runs that fail
in the same steps for the same days are sent at most once a day.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

import dagster as dg

from podrec_assets.defs.dagster_internals import failed_steps, latest_check_results, overdue_assets
from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.alert_state import Alert, AlertState, after, decide
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.operations.alert_delivery import deliver

MAX_RUNS = 100
OVERLAP = timedelta(minutes=1)
"""SQLite stores a run's time in whole seconds, so each tick looks a little further back."""
SHOWN = 3


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends failed runs, failed checks and overdue assets to logs/alerts.jsonl under "
    "PODREC_HOME, and to PODREC_ALERT_WEBHOOK and PODREC_ALERT_EMAIL_TO if they are set. A failed "
    "check or overdue asset is sent once, and once more when it is resolved; runs that fail in the "
    "same way at most once a day.",
)
def alerts(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    state = (
        AlertState(**json.loads(context.cursor)) if context.cursor else AlertState(now.isoformat())
    )
    since = datetime.fromisoformat(state.looked_at) - OVERLAP
    assert context.repository_def is not None
    graph = context.repository_def.asset_graph
    lasting = [
        *_failed_checks(context.instance, sorted(graph.asset_check_keys, key=str)),
        *_overdue(context.instance, sorted(graph.get_all_asset_keys(), key=str)),
    ]
    to_send = decide(state, lasting, _failed_runs(context.instance, since), now)
    if not to_send:
        return dg.SensorResult(skip_reason="nothing to send", cursor=_cursor(after(state, [], now)))
    for alert in to_send:
        context.log.warning(alert.text)
    is_sent, problems = deliver(connections.settings, [asdict(a) for a in to_send], now)
    if problems and not is_sent:
        # Keep the old state, so that the next tick tries again. As soon as one channel has taken
        # the alerts they count as sent: a retry would repeat them there every minute.
        reason = f"{len(to_send)} alerts are waiting: {'; '.join(problems)}"
        return dg.SensorResult(skip_reason=reason, cursor=_cursor(state))
    sent = f"sent {len(to_send)} alerts: {'; '.join(a.text for a in to_send[:SHOWN])}"
    failed = f" (a channel failed: {'; '.join(problems)})" if problems else ""
    return dg.SensorResult(skip_reason=sent + failed, cursor=_cursor(after(state, to_send, now)))


def _cursor(state: AlertState) -> str:
    return json.dumps(asdict(state))


def _failed_runs(instance: dg.DagsterInstance, since: datetime) -> Iterator[Alert]:
    """Runs that failed after `since`.

    The key is what failed and for which days, so a retry that fails too is the same alert.
    """
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    for record in instance.get_run_records(filters, limit=MAX_RUNS):
        run = record.dagster_run
        days = days_of_tags(run.tags)
        what = ", ".join(failed_steps(instance, run.run_id)) or run.job_name
        where = f" for {days[0]}..{days[1]}" if days else ""
        yield Alert(
            f"run of {what}{where}", "run_failed", f"run {run.run_id[:8]} failed: {what}{where}"
        )


def _failed_checks(instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey]) -> Iterator[Alert]:
    """Checks whose latest evaluation failed."""
    for key, result in latest_check_results(instance, keys):
        if not result.passed:
            name = f"check {key.name} of {key.asset_key.to_user_string()}"
            values = ", ".join(f"{k} {v.value}" for k, v in list(result.metadata.items())[:SHOWN])
            text = f"{name} failed ({result.severity.value.lower()}): {values}"
            yield Alert(name, "check_failed", text)


def _overdue(instance: dg.DagsterInstance, keys: list[dg.AssetKey]) -> Iterator[Alert]:
    """Assets whose freshness policy fails."""
    for key, since in overdue_assets(instance, keys):
        name = key.to_user_string()
        text = f"{name} has been overdue since {since:%F %H:%M} UTC"
        yield Alert(f"freshness of {name}", "overdue", text)
