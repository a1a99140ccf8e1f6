"""Checks of a table's shape: its columns on disk, and each day's volume against earlier days."""

import statistics
from datetime import date, timedelta

import dagster as dg
import pyarrow.compute as pc

from podrec_assets.day_windows import days_between
from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    EPISODES,
    TABLES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
    Table,
)
from podrec_assets.stores.delta import between, declared_columns

WARN = dg.AssetCheckSeverity.WARN
COMPARED_DAYS = 7
MIN_MEDIAN = 50
"""Below this median of rows per day, a table's volume is not judged."""
FACTOR = 4


def build_schema_check(spec: Table) -> dg.AssetChecksDefinition:
    """A check that the table on disk has the declared columns and types."""

    @dg.asset_check(
        asset=spec.name,
        name="schema_is_as_declared",
        description="The Delta table has exactly the declared columns and types. A missing column "
        "reads as null. An unknown column or another type means that something else wrote to the "
        "table.",
    )
    def schema_is_as_declared(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
        on_disk = connections.lake.columns(spec.name)
        declared = declared_columns(spec)
        drift = {
            "missing_columns": sorted(declared.keys() - on_disk.keys()) if on_disk else [],
            "unknown_columns": sorted(on_disk.keys() - declared.keys()),
            "other_types": sorted(
                f"{n}: {on_disk[n]}"
                for n in on_disk.keys() & declared.keys()
                if on_disk[n] != declared[n]
            ),
        }
        return dg.AssetCheckResult(
            passed=not any(drift.values()), metadata=drift | {"column_count": len(on_disk)}
        )

    return schema_is_as_declared


def build_volume_check(name: str) -> dg.AssetChecksDefinition:
    """A check that warns of a complete day with far fewer or more rows than the days before it."""

    @dg.asset_check(
        asset=name,
        name="volume_is_usual",
        description=f"Each complete day of the run has between 1/{FACTOR} and {FACTOR} times the "
        f"median rows of the {COMPARED_DAYS} days before it. A median below {MIN_MEDIAN} is not "
        "judged.",
    )
    def volume_is_usual(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        lake, today = connections.lake, connections.now().date()
        first, last = days_of_run(context, lake.state(name).latest_day)
        last = min(last, today - timedelta(days=1))
        since = first - timedelta(days=COMPARED_DAYS)
        counted = pc.value_counts(
            lake.read(name, between(since, last), ("day",))["day"]
        ).to_pylist()
        rows = dict.fromkeys(lake.state(name).days, 0) | {c["values"]: c["counts"] for c in counted}
        unusual = {
            str(d): reason for d in days_between(first, last) if (reason := unusual_volume(rows, d))
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
    """What is unusual about a day's number of rows compared with the week before; None if nothing.

    Args:
        rows: number of rows by written day.
        day: the day to judge.
    """
    before = [
        rows[d] for n in range(1, COMPARED_DAYS + 1) if (d := day - timedelta(days=n)) in rows
    ]
    if len(before) < COMPARED_DAYS // 2 or day not in rows:
        return None
    usual = statistics.median(before)
    if usual < MIN_MEDIAN or usual / FACTOR <= rows[day] <= usual * FACTOR:
        return None
    return f"{rows[day]} rows, usually {usual:.0f}"


CHECKS = [
    *(build_schema_check(spec) for spec in TABLES.values()),
    *(
        build_volume_check(name)
        for name in (EPISODES.name, USER_EVENTS.name, USER_VS_EPISODE_DAILY.name, VECTORS.name)
    ),
]
