"""When assets are requested without a hand: daily facts follow their inputs, models are made once a night."""

from datetime import timedelta

import dagster as dg

from podrec_assets.settings import Settings

AC = dg.AutomationCondition
NIGHTLY_CRON = "0 3 * * *"


def daily_facts(late_days: int = 0) -> dg.AutomationCondition:
    """Follows its inputs for today and the days that late records may still change; older days only by hand."""
    recent = AC.in_latest_time_window(timedelta(days=late_days + 1))
    return AC.eager().replace("in_latest_time_window", recent).with_label("follows_inputs")


def nightly() -> dg.AutomationCondition:
    """Yesterday's partition, once a night, as soon as yesterday's inputs are all there.

    The built-in on_cron never fires when inputs landed before the tick; the upstream window reaches back before the first
    day of history, so only the last days' inputs are asked for.
    """
    yesterday = AC.in_latest_time_window(timedelta(days=2)) & ~AC.in_latest_time_window()
    recent_missing = AC.any_deps_match(AC.missing() & yesterday)
    due = AC.since_last_handled(AC.cron_tick_passed(NIGHTLY_CRON))
    return (yesterday & due & ~recent_missing & ~AC.any_deps_in_progress() & ~AC.in_progress()).with_label(
        "nightly_when_complete"
    )


AUTOMATION_SENSOR = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Requests daily facts when their inputs change, and the models once a night.",
)
FACTS = daily_facts()
LISTENING_FACTS = daily_facts(Settings.late_days)
MODELS = nightly()
