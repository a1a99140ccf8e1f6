"""The daily partitions that every asset shares, their mappings, and the days of a run.

Assets with different partitions definitions could not share a run, so there is only this one.
"""

import warnings
from collections.abc import Mapping
from datetime import date

import dagster as dg

from podrec_assets.settings import Settings

# Three beta parameters are used on purpose. A single-run backfill keeps a range in one JVM. Windows
# begin before the first day. Dagster's own parser passes `include_sources` for the selection "*".
for _parameter in ("backfill_policy", "allow_nonexistent_upstream_partitions", "include_sources"):
    warnings.filterwarnings("ignore", message=f".*`{_parameter}`.*", category=dg.BetaWarning)

DAILY = dg.DailyPartitionsDefinition(
    start_date=Settings.start_day.isoformat(), timezone="UTC", end_offset=1
)
"""UTC days from the start day up to and including today."""


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


RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags of a single run for the days first..last."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def days_of_tags(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last day in a run's tags; None for a run without partitions."""
    first = tags.get(RANGE_START) or tags.get(PARTITION)
    last = tags.get(RANGE_END) or tags.get(PARTITION)
    return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def run_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days that this run materializes, in order."""
    return [date.fromisoformat(key) for key in context.partition_keys]


DAY_BEFORE = dg.TimeWindowPartitionMapping(
    start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
)
"""Each day reads the one before it."""
CALIBRATION_DAYS = 3
"""Earlier days whose models the calibration of alpha replays."""
MODELS_BEFORE = dg.TimeWindowPartitionMapping(
    start_offset=-CALIBRATION_DAYS, end_offset=0, allow_nonexistent_upstream_partitions=True
)
"""Each day reads the models of the CALIBRATION_DAYS before it.

Its own day is included only so that those models run first.
"""
EVENTS_AFTER_MODELS = dg.TimeWindowPartitionMapping(
    start_offset=1 - CALIBRATION_DAYS,
    end_offset=Settings.late_days,
    allow_nonexistent_upstream_partitions=True,
)
"""Each day reads the events of the day after each of those days, including late events."""
HISTORY = window(Settings.history_days)
CATALOGUE = window(Settings.catalogue_days)
LATE = ahead(Settings.late_days)
