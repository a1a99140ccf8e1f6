"""Checks of transcripts: which ASR engines made them, and how many are not to be trusted."""

import dagster as dg

from podrec_assets.checks.days import days_of_run
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS


@dg.asset_check(
    asset=TRANSCRIPTS.name,
    name="one_asr_engine",
    description="The used ASR transcripts of the run's days were made by one engine version; a mixture is named, not hidden.",
)
def one_asr_engine(context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    first, last = days_of_run(context, connections.lake.state(TRANSCRIPTS.name).latest_day)
    where = f"status = 'ok' AND source = 'asr' AND day >= '{first}' AND day <= '{last}'"
    rows = connections.lake.read(TRANSCRIPTS.name, where, ("engine",))
    engines = {r["values"]: r["counts"] for r in rows["engine"].value_counts().to_pylist()}
    return dg.AssetCheckResult(
        passed=len(engines) <= 1,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "asr_rows_by_engine": engines,
            "remedy": "podrec transcribe --days A..B --redo ok makes the days again by the present engine",
        },
    )
