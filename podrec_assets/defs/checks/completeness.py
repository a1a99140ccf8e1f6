"""Checks that yesterday's partition exists by its deadline.

The freshness badge knows only when an asset was last materialized, so a backfill of an old day
turns it green. These checks read the store.
"""

from datetime import date, timedelta

import dagster as dg

from podrec_assets.defs.checks.run_days import EVERY_MORNING
from podrec_assets.defs.freshness import DEADLINES, Deadline
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES

LOOK_BACK_DAYS = 30


def build_presence_check(name: str, deadline: Deadline) -> dg.AssetChecksDefinition:
    """A check that the asset has the latest day that its deadline requires."""

    @dg.asset_check(
        asset=name,
        name="latest_complete_day_is_present",
        automation_condition=EVERY_MORNING,
        description=f"Yesterday's partition exists from {deadline.hour:02}:00 UTC on; before that, "
        f"the partition of the day before. Gaps in the last {LOOK_BACK_DAYS} days are listed. An "
        "asset that was never materialized passes.",
    )
    def latest_complete_day_is_present(
        connections: dg.ResourceParam[Connections],
    ) -> dg.AssetCheckResult:
        expected = deadline.expected_day(connections.now())
        written = written_days(connections, name, expected)
        gaps = [d for d in recent(expected) if written and min(written) < d and d not in written]
        is_missing = bool(written) and expected not in written and min(written) <= expected
        return dg.AssetCheckResult(
            passed=not is_missing,
            description=f"{expected} is missing: `podrec run --select {name} --days {expected}`."
            if is_missing
            else f"{expected} exists, or is older than the first day ever written.",
            metadata={
                "expected_day": str(expected),
                "latest_day": str(max(written, default="none")),
                "missing_day_count": len(gaps),
                "missing_days": [str(d) for d in gaps],
            },
        )

    return latest_complete_day_is_present


def recent(last: date) -> list[date]:
    """The last LOOK_BACK_DAYS days up to `last`, in order."""
    return [last - timedelta(days=n) for n in reversed(range(LOOK_BACK_DAYS))]


def written_days(connections: Connections, name: str, last: date) -> set[date]:
    """Days that an asset has.

    All written days of a table; the recent days up to `last` for which a collection has a version.
    """
    if name in TABLES:
        return set(connections.lake.state(name).days)
    if name == "publication":
        served = connections.mongo.publication()
        # The pointer has only one day: it is up to date or it is not.
        return {last} if served and served.day >= last else {served.day} if served else set()
    return {d for d in recent(last) if connections.mongo.latest_version(name, d)}


CHECKS = [build_presence_check(name, deadline) for name, deadline in DEADLINES.items()]
