"""The checks of transcripts: every episode has a row, and one ASR engine made the text."""

import dagster as dg

from podrec_assets.defs.checks.run_days import run_filter
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.stores.delta import Lake

SHOWN = 20


@dg.asset_check(
    asset=TRANSCRIPTS.name,
    name="one_asr_engine",
    description="One engine version made all used ASR transcripts of the run's days. A failure "
    "counts the transcripts of each version.",
)
def one_asr_engine(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    engines = asr_rows_by_engine(
        connections.lake, run_filter(context, connections.lake, TRANSCRIPTS.name)
    )
    return dg.AssetCheckResult(
        passed=len(engines) <= 1,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "asr_rows_by_engine": engines,
            "remedy": "transcribe the days again with the current engine: "
            "podrec transcribe --days A..B --redo ok",
        },
    )


def asr_rows_by_engine(lake: Lake, where: str) -> dict[str, int]:
    """Number of used ASR transcripts by engine version, among the rows of an SQL condition."""
    rows = lake.read(TRANSCRIPTS.name, f"status = 'ok' AND source = 'asr' AND {where}", ("engine",))
    return {r["values"]: r["counts"] for r in rows["engine"].value_counts().to_pylist()}


@dg.asset_check(
    asset=TRANSCRIPTS.name,
    description="Every episode of the run's days has a row, with or without text. An episode "
    "without a row was announced after the run, and waits for the next run of its day.",
)
def every_episode_has_a_row(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake = connections.lake
    where = run_filter(context, lake, TRANSCRIPTS.name)
    announced, handled = (
        {
            (r["day"], r["episode_id"])
            for r in lake.read(name, where, ("day", "episode_id")).to_pylist()
        }
        for name in (EPISODES.name, TRANSCRIPTS.name)
    )
    waiting = sorted(announced - handled)
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "episode_count": len(announced),
            "waiting_count": len(waiting),
            "waiting": [f"{day} {episode}" for day, episode in waiting[:SHOWN]],
        },
    )


CHECKS = [one_asr_engine, every_episode_has_a_row]
