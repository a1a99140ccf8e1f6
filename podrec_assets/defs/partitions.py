"""The one partitions definition that every asset shares, and how a run's days are read from it.

Differing definitions would keep assets out of one run, so nobody makes a second one.
"""

import warnings
from collections.abc import Mapping
from datetime import date

import dagster as dg
from dagster_shared.utils.warnings import BetaWarning

from podrec_assets.settings import Settings

# All are beta and used on purpose: a single-run backfill keeps a range in one JVM, windows reach
# before the first day, and Dagster's own parser of selections passes the last one for "*".
for _parameter in ("backfill_policy", "allow_nonexistent_upstream_partitions", "include_sources"):
    warnings.filterwarnings("ignore", message=f".*`{_parameter}`.*", category=BetaWarning)

DAILY = dg.DailyPartitionsDefinition(
    start_date=Settings.start_day.isoformat(), timezone="UTC", end_offset=1
)
"""UTC days up to and including today."""


def window(days: int) -> dg.TimeWindowPartitionMapping:
    """Each day reads itself and the `days - 1` before it."""
    return dg.TimeWindowPartitionMapping(
        start_offset=-(days - 1), allow_nonexistent_upstream_partitions=True
    )


def ahead(days: int) -> dg.TimeWindowPartitionMapping:
    """Each day reads itself and the `days` after it, where they exist."""
    return dg.TimeWindowPartitionMapping(
        start_offset=0, end_offset=days, allow_nonexistent_upstream_partitions=True
    )


RANGE_START, RANGE_END, PARTITION = (
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
    "dagster/partition",
)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags that make one run of the days first..last."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def days_of_tags(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last day that a run's tags name; None for a run without partitions."""
    first, last = (
        tags.get(RANGE_START) or tags.get(PARTITION),
        tags.get(RANGE_END) or tags.get(PARTITION),
    )
    return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def run_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days that this run materializes, in order."""
    return [date.fromisoformat(key) for key in context.partition_keys]


DAY_BEFORE = dg.TimeWindowPartitionMapping(
    start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
)
"""Each day reads the one before it."""
CALIBRATION_DAYS = 3
MODELS_BEFORE = dg.TimeWindowPartitionMapping(
    start_offset=-CALIBRATION_DAYS, end_offset=0, allow_nonexistent_upstream_partitions=True
)
"""Each day reads the models of the days that its calibration replays; its own only so that they are
made first.
"""
EVENTS_AFTER_MODELS = dg.TimeWindowPartitionMapping(
    start_offset=1 - CALIBRATION_DAYS,
    end_offset=Settings.late_days,
    allow_nonexistent_upstream_partitions=True,
)
"""Each day reads the events of the day after each of those, the late ones too."""
HISTORY = window(Settings.history_days)
CATALOGUE = window(Settings.catalogue_days)
LATE = ahead(Settings.late_days)
