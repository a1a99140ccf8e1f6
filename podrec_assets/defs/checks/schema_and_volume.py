"""Checks of a table's shape: the columns on disk, the volume beside the days before, and what must
not be mixed or missing.
"""

import statistics
from datetime import date, timedelta

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.day_windows import days_between
from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    EPISODES,
    TABLES,
    TRANSCRIPTS,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
    Table,
)
from podrec_assets.stores.delta import declared_columns

WARN = dg.AssetCheckSeverity.WARN
COMPARED_DAYS = 7
USUAL_ROWS = 50
"""A table with fewer rows a day says nothing by their number."""
FACTOR = 4
SHOWN = 20


def build_schema_check(spec: Table) -> dg.AssetChecksDefinition:
    """A check that the table on disk has the declared columns and types."""

    @dg.asset_check(
        asset=spec.name,
        name="schema_is_as_declared",
        description="The Delta table has exactly the declared columns and types. A column that is not there yet reads as null; "
        "another type or an unknown column means that something else wrote to the table.",
    )
    def schema_is_as_declared(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
        found = connections.lake.columns(spec.name)
        declared = declared_columns(spec)
        drift = {
            "absent_columns": sorted(declared.keys() - found.keys()) if found else [],
            "unknown_columns": sorted(found.keys() - declared.keys()),
            "other_types": sorted(
                f"{n}: {found[n]}"
                for n in found.keys() & declared.keys()
                if found[n] != declared[n]
            ),
        }
        return dg.AssetCheckResult(
            passed=not any(drift.values()), metadata=drift | {"column_count": len(found)}
        )

    return schema_is_as_declared


def build_volume_check(name: str) -> dg.AssetChecksDefinition:
    """A warning where a complete day has far fewer or more rows than the days before it."""

    @dg.asset_check(
        asset=name,
        name="volume_is_usual",
        description=f"Each complete day of the run has a {FACTOR}th to {FACTOR} times the median rows of the {COMPARED_DAYS} "
        f"days before it, where that median is {USUAL_ROWS} or more.",
    )
    def volume_is_usual(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        lake, today = connections.lake, connections.now().date()
        first, last = days_of_run(context, lake.state(name).latest_day)
        last = min(last, today - timedelta(days=1))
        since = first - timedelta(days=COMPARED_DAYS)
        counted = pc.value_counts(
            lake.read(name, f"day >= '{since}' AND day <= '{last}'", ("day",))["day"]
        ).to_pylist()
        rows = dict.fromkeys(lake.state(name).days, 0) | {c["values"]: c["counts"] for c in counted}
        unusual = {
            str(d): found for d in days_between(first, last) if (found := unusual_volume(rows, d))
        }
        return dg.AssetCheckResult(
            passed=not unusual,
            severity=WARN,
            metadata={
                "row_count": sum(rows.get(d, 0) for d in days_between(first, last)),
                "unusual_days": unusual,
            },
        )

    return volume_is_usual


def unusual_volume(rows: dict[date, int], day: date) -> str | None:
    """What is unusual about a day's number of rows, beside the written days of the week before;
    None where nothing is.
    """
    before = [
        rows[d] for n in range(1, COMPARED_DAYS + 1) if (d := day - timedelta(days=n)) in rows
    ]
    if len(before) < COMPARED_DAYS // 2 or day not in rows:
        return None
    usual = statistics.median(before)
    if usual < USUAL_ROWS or usual / FACTOR <= rows[day] <= usual * FACTOR:
        return None
    return f"{rows[day]} rows, usually {usual:.0f}"


@dg.asset_check(
    asset=TRANSCRIPTS.name,
    description="Every episode of the run's days has a row, whatever became of its transcript: one without was announced after "
    "the day's transcripts were made, and waits for the next run of its day.",
)
def every_episode_has_a_row(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    first, last = days_of_run(context, connections.lake.state(TRANSCRIPTS.name).latest_day)
    where = f"day >= '{first}' AND day <= '{last}'"
    announced, handled = (
        {
            (r["day"], r["episode_id"])
            for r in connections.lake.read(name, where, ("day", "episode_id")).to_pylist()
        }
        for name in (EPISODES.name, TRANSCRIPTS.name)
    )
    waiting = sorted(announced - handled)
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=WARN,
        metadata={
            "episode_count": len(announced),
            "waiting_count": len(waiting),
            "waiting": [f"{day} {episode}" for day, episode in waiting[:SHOWN]],
        },
    )


@dg.asset_check(
    asset=VECTORS.name,
    description="All vectors bear one embedding version. Versions are never compared: after a change of the model the days that "
    "are named have to be materialized again.",
)
def one_embedding_version(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    versions, others = embedding_versions(
        connections.lake.read(VECTORS.name, columns=("day", "embedding_version"))
    )
    named = [str(d) for d in others[:SHOWN]]
    return dg.AssetCheckResult(
        passed=len(versions) <= 1,
        metadata={
            "version_count": len(versions),
            "vectors_by_version": versions,
            "days_of_other_versions": named,
        },
    )


def embedding_versions(rows: pa.Table) -> tuple[dict[str, int], list[date]]:
    """(vectors by embedding version, the most first; days, in order, that have vectors of another
    than that one).
    """
    counted = pc.value_counts(rows["embedding_version"]).to_pylist()
    versions = {str(c["values"]): c["counts"] for c in sorted(counted, key=lambda c: -c["counts"])}
    others = sorted(
        {r["day"] for r in rows.to_pylist() if str(r["embedding_version"]) != next(iter(versions))}
    )
    return versions, others


SHAPE_CHECKS = [
    *(build_schema_check(spec) for spec in TABLES.values()),
    *(
        build_volume_check(name)
        for name in (EPISODES.name, USER_EVENTS.name, USER_VS_EPISODE_DAILY.name, VECTORS.name)
    ),
    every_episode_has_a_row,
    one_embedding_version,
]
