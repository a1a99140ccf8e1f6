"""Which days a check has to look at: those of its run, or the latest written one when it is run by itself."""

from datetime import UTC, date, datetime

import dagster as dg

from podrec_assets.partitions import days_of_tags


def days_of_run(context: dg.AssetCheckExecutionContext, latest: date | None) -> tuple[date, date]:
    """First and last day of the run's partitions; the latest written day for a run without partitions."""
    fallback = latest or datetime.now(UTC).date()
    return days_of_tags(context.run.tags) or (fallback, fallback)
