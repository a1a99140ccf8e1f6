"""The check of transcripts: which ASR engines made them."""

from datetime import date

import dagster as dg

from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS


@dg.asset_check(
    asset=TRANSCRIPTS.name,
    name="one_asr_engine",
    description="The used ASR transcripts of the run's days were made by one engine version; a mixture is named, not hidden.",
)
def one_asr_engine(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    first, last = days_of_run(context, connections.lake.state(TRANSCRIPTS.name).latest_day)
    engines = asr_rows_by_engine(connections, first, last)
    return dg.AssetCheckResult(
        passed=len(engines) <= 1,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "asr_rows_by_engine": engines,
            "remedy": "podrec transcribe --days A..B --redo ok makes the days again by the present engine",
        },
    )


def asr_rows_by_engine(connections: Connections, first: date, last: date) -> dict[str, int]:
    """Number of used ASR transcripts of the days by engine version."""
    where = f"status = 'ok' AND source = 'asr' AND day >= '{first}' AND day <= '{last}'"
    rows = connections.lake.read(TRANSCRIPTS.name, where, ("engine",))
    return {r["values"]: r["counts"] for r in rows["engine"].value_counts().to_pylist()}
