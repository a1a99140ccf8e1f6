"""Which days a check has to look at: those of its run, or the latest written one when it is run by itself."""

from datetime import UTC, date, datetime

import dagster as dg

RANGE_START, RANGE_END, PARTITION = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end", "dagster/partition"


def days_of_run(context: dg.AssetCheckExecutionContext, latest: date | None) -> tuple[date, date]:
    """First and last day of the run's partitions; the latest written day for a run without partitions."""
    tags = context.run.tags
    first = tags.get(RANGE_START) or tags.get(PARTITION)
    last = tags.get(RANGE_END) or tags.get(PARTITION)
    fallback = latest or datetime.now(UTC).date()
    return (date.fromisoformat(first) if first else fallback), (date.fromisoformat(last) if last else fallback)
