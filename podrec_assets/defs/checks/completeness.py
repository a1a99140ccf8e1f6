"""Checks that yesterday's partition is there by its deadline. The freshness badge sees only when
something was made last, so a backfill of an old day turns it green; these look at the store.
"""

from datetime import date, timedelta

import dagster as dg

from podrec_assets.defs.checks.run_days import MORNING
from podrec_assets.defs.freshness import DEADLINES, Deadline
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES

LOOK_BACK_DAYS = 30


def build_presence_check(name: str, deadline: Deadline) -> dg.AssetChecksDefinition:
    """A check that the asset has the latest day that its deadline promises."""

    @dg.asset_check(
        asset=name,
        name="latest_complete_day_is_present",
        automation_condition=MORNING,
        description=f"Yesterday is there from {deadline.hour:02}:00 UTC on, the day before until then. Gaps of the last "
        f"{LOOK_BACK_DAYS} days are listed. What was never made yet promises nothing.",
    )
    def latest_complete_day_is_present(
        connections: dg.ResourceParam[Connections],
    ) -> dg.AssetCheckResult:
        expected = deadline.expected_day(connections.now())
        there = written_days(connections, name, expected)
        gaps = [d for d in recent(expected) if there and min(there) < d and d not in there]
        absent = bool(there) and expected not in there and min(there) <= expected
        made = (
            f"`podrec run --select {name} --days {expected}` makes it"
            if absent
            else "nothing is missing"
        )
        return dg.AssetCheckResult(
            passed=not absent,
            description=f"{expected} is {'absent' if absent else 'there, or older than the first day ever made'}; {made}.",
            metadata={
                "expected_day": str(expected),
                "latest_day": str(max(there, default="none")),
                "missing_day_count": len(gaps),
                "missing_days": [str(d) for d in gaps],
            },
        )

    return latest_complete_day_is_present


def recent(last: date) -> list[date]:
    """The look-back days up to `last`, in order."""
    return [last - timedelta(days=n) for n in reversed(range(LOOK_BACK_DAYS))]


def written_days(connections: Connections, name: str, last: date) -> set[date]:
    """Days of a table that were ever written, or recent days up to `last` of which a collection has
    a version.
    """
    if name in TABLES:
        return set(connections.lake.state(name).days)
    if name == "publication":
        served = connections.mongo.publication()
        # The pointer has one day only: it is up to date, or it is not.
        return {last} if served and served.day >= last else {served.day} if served else set()
    return {d for d in recent(last) if connections.mongo.latest_version(name, d)}


PRESENCE_CHECKS = [build_presence_check(name, deadline) for name, deadline in DEADLINES.items()]
