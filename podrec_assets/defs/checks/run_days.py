"""Which days a check covers, and when checks run outside of materializations."""

from datetime import UTC, date, datetime

import dagster as dg

from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.stores.delta import Lake, between

EVERY_MORNING: dg.AutomationCondition = dg.AutomationCondition.cron_tick_passed(
    "15 6 * * *"
).with_label("every_morning")
"""After all deadlines, so that a day on which nothing ran is noticed too."""


def days_of_run(context: dg.AssetCheckExecutionContext, latest: date | None) -> tuple[date, date]:
    """First and last day of the run's partitions; for a run without partitions, `latest` twice."""
    fallback = latest or datetime.now(UTC).date()
    return days_of_tags(context.run.tags) or (fallback, fallback)


def run_filter(context: dg.AssetCheckExecutionContext, lake: Lake, table: str) -> str:
    """SQL condition of the run's days; of the table's latest day if the run has no partitions."""
    return between(*days_of_run(context, lake.state(table).latest_day))
