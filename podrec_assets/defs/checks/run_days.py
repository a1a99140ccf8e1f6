"""Which days a check has to look at, and when checks run by themselves."""

from datetime import UTC, date, datetime

import dagster as dg

from podrec_assets.defs.partitions import days_of_tags

MORNING: dg.AutomationCondition = dg.AutomationCondition.cron_tick_passed("15 6 * * *").with_label(
    "every_morning"
)
"""After all deadlines: a day on which nothing ran must be noticed too."""


def days_of_run(context: dg.AssetCheckExecutionContext, latest: date | None) -> tuple[date, date]:
    """First and last day of the run's partitions; the latest written day for a run without
    partitions.
    """
    fallback = latest or datetime.now(UTC).date()
    return days_of_tags(context.run.tags) or (fallback, fallback)
