"""Why a run failed, in podrec's words."""

import re
from datetime import UTC, datetime

import dagster as dg

from podrec_assets import errors
from podrec_assets.defs.dagster_internals import SerializableErrorInfo
from podrec_assets.redaction import redacted_text

MAX_RUNS = 20
"""Latest failed runs among which the failure of an asset is looked for."""


def reason_of(error: SerializableErrorInfo | None) -> str:
    """The first sentence of podrec among an error and its causes, else that of the root cause."""
    reason = "failed"
    while error:
        reason = (error.message.strip().splitlines() or [reason])[0]
        if errors.is_disk_full(Exception(error.message)):
            return errors.DISK_FULL
        if is_own := re.fullmatch(r"podrec_assets\.errors\.\w+: (.+)", reason):
            return is_own[1]
        error = error.cause
    return redacted_text(reason)


def unresolved_failure(instance: dg.DagsterInstance, asset: str) -> tuple[datetime, str] | None:
    """When and why an asset failed last, if it has not been materialized since; else None."""
    made = instance.get_latest_materialization_event(dg.AssetKey(asset))
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
    for record in instance.get_run_records(filters, limit=MAX_RUNS):
        for entry in instance.all_logs(record.dagster_run.run_id, dg.DagsterEventType.STEP_FAILURE):
            event = entry.dagster_event
            if event is None or event.step_key != asset:
                continue
            if made and made.timestamp > entry.timestamp:
                return None
            reason = reason_of(event.step_failure_data.error)
            return datetime.fromtimestamp(entry.timestamp, UTC), reason
    return None
