"""The sensor of alerts: failed runs, failed checks and overdue assets, each told once, and told
again when it is over.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.alert_state import Alert, AlertState, after, decide
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.operations.alert_delivery import deliver

MOST_RUNS = 100
OVERLAP = timedelta(minutes=1)
"""A run's time has whole seconds in SQLite, so the last tick may have missed one; what was told is
not told twice.
"""
SHOWN = 3


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells failed runs, failed checks and overdue assets: to logs/alerts.jsonl under PODREC_HOME, and to "
    "PODREC_ALERT_WEBHOOK and PODREC_ALERT_EMAIL_TO where they are set. Each once, and once more when it is over.",
)
def alerts(
    context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
) -> dg.SensorResult:
    now = connections.now()
    state = (
        AlertState(**json.loads(context.cursor)) if context.cursor else AlertState(now.isoformat())
    )
    assert context.repository_def is not None
    graph = context.repository_def.asset_graph
    lasting = [
        *_failed_checks(context.instance, sorted(graph.asset_check_keys, key=str)),
        *_overdue(context.instance, sorted(graph.get_all_asset_keys(), key=str)),
    ]
    found = decide(
        state,
        lasting,
        _failed_runs(context.instance, datetime.fromisoformat(state.looked_at) - OVERLAP),
        now,
    )
    if not found:
        return dg.SensorResult(
            skip_reason="nothing new to tell", cursor=json.dumps(asdict(after(state, [], now)))
        )
    for alert in found:
        context.log.warning(alert.text)
    took, problems = deliver(connections.settings, [asdict(a) for a in found], now)
    if problems and not took:
        # Nobody heard, so they are not noted as told and the next tick tries again. Once one way
        # took them they are told: to try the other again would repeat them there each minute.
        return dg.SensorResult(
            skip_reason=f"{len(found)} alerts wait: {'; '.join(problems)}",
            cursor=json.dumps(asdict(state)),
        )
    told = f"told {len(found)} alerts: {'; '.join(a.text for a in found[:SHOWN])}"
    failed = f" (not by every way: {'; '.join(problems)})" if problems else ""
    return dg.SensorResult(
        skip_reason=told + failed, cursor=json.dumps(asdict(after(state, found, now)))
    )


def _failed_runs(instance: dg.DagsterInstance, since: datetime) -> Iterator[Alert]:
    """Runs that failed since then; what failed and for which days is the key, so a retry that fails
    too is the same.
    """
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    for record in instance.get_run_records(filters, limit=MOST_RUNS):
        run = record.dagster_run
        steps = sorted(
            s.step_key
            for s in instance.get_run_step_stats(run.run_id)
            if s.status and s.status.value == "FAILURE"
        )
        days = days_of_tags(run.tags)
        what = ", ".join(steps) or run.job_name
        where = f" for {days[0]}..{days[1]}" if days else ""
        yield Alert(
            f"run of {what}{where}", "run_failed", f"run {run.run_id[:8]} failed: {what}{where}"
        )


def _failed_checks(instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey]) -> Iterator[Alert]:
    """Checks whose latest evaluation did not pass."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    for key, record in latest.items():
        evaluation = (
            record.event.dagster_event.event_specific_data
            if record.event and record.event.dagster_event
            else None
        )
        if isinstance(evaluation, dg.AssetCheckEvaluation) and not evaluation.passed:
            name = f"check {key.name} of {key.asset_key.to_user_string()}"
            values = ", ".join(
                f"{k} {v.value}" for k, v in list(evaluation.metadata.items())[:SHOWN]
            )
            yield Alert(
                name,
                "check_failed",
                f"{name} failed ({evaluation.severity.value.lower()}): {values}",
            )


def _overdue(instance: dg.DagsterInstance, keys: list[dg.AssetKey]) -> Iterator[Alert]:
    """Assets whose freshness badge is red."""
    for key, record in instance.get_freshness_state_records(keys).items():
        if record.freshness_state == FreshnessState.FAIL:
            name = key.to_user_string()
            yield Alert(
                f"freshness of {name}",
                "overdue",
                f"{name} is overdue since {record.updated_at.astimezone(UTC):%F %H:%M} UTC",
            )
