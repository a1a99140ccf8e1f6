"""Checks of the path from a topic to its table: continuity, lag and the age of the newest event."""

import statistics
from datetime import UTC, datetime, timedelta

import dagster as dg
import pyarrow.compute as pc

from podrec_assets.defs.checks.run_days import EVERY_MORNING
from podrec_assets.errors import DataLossError, RetryableError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.continuity import check_continuity
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, USER_EVENTS

TOPIC_OF = {EPISODES.name: "episodes_topic", USER_EVENTS.name: "events_topic"}
MIN_LAG = 1000
"""Records that may wait on any topic, however quiet."""
MAX_SILENCE = timedelta(hours=24)
WARN = dg.AssetCheckSeverity.WARN


def build_topic_check(name: str) -> dg.AssetChecksDefinition:
    """A check that landing can continue at the table's offsets, and is not far behind."""

    @dg.asset_check(
        asset=name,
        name="topic_is_followed",
        automation_condition=EVERY_MORNING,
        description="The topic continues where the table's ledger ends: it was not recreated, "
        "rewound or cut by retention. The lag is at most the records of a usual day, or "
        f"{MIN_LAG} on a quiet topic.",
    )
    def topic_is_followed(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
        topic, kafka = getattr(connections.settings, TOPIC_OF[name]), connections.kafka
        ledger = connections.lake.ledger(name)
        try:
            ends = kafka.end_offsets(topic)
            check_continuity(topic, ledger, kafka.begin_offsets(topic), ends, kafka.topic_id(topic))
        except DataLossError as err:
            return dg.AssetCheckResult(passed=False, metadata={"reason": str(err)})
        except RetryableError as err:
            return dg.AssetCheckResult(passed=False, severity=WARN, metadata={"reason": str(err)})
        behind = ledger.behind(ends)
        lag = sum(behind.values())
        usual = usual_records(ledger)
        return dg.AssetCheckResult(
            passed=lag <= max(usual, MIN_LAG),
            severity=WARN,
            metadata={
                "lag": lag,
                "usual_records_of_a_day": usual,
                "lag_by_partition": offsets.json_by_partition(behind),
            },
        )

    return topic_is_followed


def usual_records(ledger: offsets.Ledger) -> int:
    """Median number of records of the seven landed days before the latest one."""
    counts = [
        sum(
            end - start - ledger.gaps.get(p, {}).get(day, 0)
            for p, (start, end) in ledger.ranges(day).items()
        )
        for day in ledger.days()[-8:-1]
    ]
    return int(statistics.median(counts)) if counts else 0


@dg.asset_check(
    asset=USER_EVENTS.name,
    automation_condition=EVERY_MORNING,
    description=f"The newest landed event is at most {MAX_SILENCE // timedelta(hours=1)} hours "
    "old. An older one means that players send nothing, or that their clocks are wrong.",
)
def events_are_recent(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    lake = connections.lake
    latest = lake.state(USER_EVENTS.name).latest_day
    now = connections.now()
    since = f"day >= '{(latest or now.date()) - timedelta(days=7)}'"
    newest = pc.max(lake.read(USER_EVENTS.name, since, ("occurred_at",))["occurred_at"]).as_py()
    age = now - (newest or datetime(1970, 1, 1, tzinfo=UTC))
    return dg.AssetCheckResult(
        passed=age <= MAX_SILENCE,
        severity=WARN,
        description=f"The newest landed event is {age / timedelta(hours=1):.1f} hours old."
        if newest
        else "No event has landed yet.",
        metadata={
            "newest_event_at": str(newest),
            "event_lag_h": round(age.total_seconds() / 3600, 2),
        },
    )


CHECKS = [*(build_topic_check(name) for name in TOPIC_OF), events_are_recent]
