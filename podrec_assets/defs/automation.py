"""When assets run by themselves: facts follow their inputs, and models run once a night.

What failed is requested again. Every condition is `which days` & `what makes it due` & `what it
waits for`.
"""

from datetime import timedelta
from functools import reduce
from operator import or_

import dagster as dg

from podrec_assets.schemas import EPISODES, USER_EVENTS
from podrec_assets.settings import Settings

AC = dg.AutomationCondition
MIDNIGHT_CRON = "0 0 * * *"
PACE_CRON = "*/10 * * * *"
"""A fact is requested at most once between two ticks: steady load costs six runs an hour."""
CLOSING_CRON = "30 0 * * *"
"""When yesterday's facts are computed once more from all that has landed, and older failed days
are requested again.
"""
NIGHTLY_CRON = "0 3 * * *"
AUDIO_CHECK_CRON = "0 2 * * *"
"""When today's audio is checked, an hour before the lists are made."""
RETRY_CRON = "15 * * * *"
"""When recent facts are requested again that failed, or whose inputs came while no sensor ran."""
MODEL_RETRY_CRON = "0 5-23/3 * * *"
"""When missing models of the last days are requested again."""
AUTOMATION_TAG = {"podrec/requested_by": "automation"}
"""Tag of the runs that the automation sensor requests."""
LANDED = dg.AssetSelection.assets(EPISODES.name, USER_EVENTS.name)
"""What sensors land; every other asset follows from it."""
CATCH_UP_DAYS = 3
"""Complete days whose models are requested if their own night failed."""


def latest_days(count: int) -> dg.AutomationCondition:
    """Today and the days before it, `count` days in total."""
    return AC.in_latest_time_window(timedelta(days=count)).with_label(f"latest_{count}_days")


def days_back(count: int) -> dg.AutomationCondition:
    """The one day that is `count` days before today."""
    return (latest_days(count + 1) & ~latest_days(count)).with_label(f"{count}_days_back")


def ticked(cron: str) -> dg.AutomationCondition:
    """The cron has ticked today, and the partition was neither requested nor updated since.

    The tick is forgotten at midnight; otherwise a day's models would become due as soon as the day
    ends. Dagster identifies the state of a `since` by the names of its direct children only, so
    each `since` has a bare cron as a child.
    """
    today = AC.cron_tick_passed(cron).since(AC.cron_tick_passed(MIDNIGHT_CRON))
    handled = (AC.newly_requested() | AC.newly_updated()).since(AC.cron_tick_passed(cron))
    return (today & ~handled).with_label(f"ticked({cron})")


def inputs_are_settled(days: dg.AutomationCondition | None = None) -> dg.AutomationCondition:
    """No run makes the asset or an input, and no input's latest blocking check failed.

    Args:
        days: days of the inputs that matter; all by default.
    """
    in_progress = AC.any_deps_match(AC.in_progress() & days) if days else AC.any_deps_in_progress()
    failed = AC.any_deps_match(
        AC.any_checks_match(AC.check_failed(), blocking_only=True)
    ).with_label("input_check_failed")
    return (~in_progress & ~AC.in_progress() & ~failed).with_label("inputs_are_settled")


def follows_inputs(
    recent_days: int = 1 + Settings.late_days, optional: dg.AssetSelection | None = None
) -> dg.AutomationCondition:
    """Each day of the models' history follows its inputs, at most once per tick of PACE_CRON.

    A partition that is missing or older than an input is requested again: every hour for
    `recent_days`, once a night for the rest of the history.

    Args:
        recent_days: today and the days before it that are requested again every hour.
        optional: inputs that may be missing.
    """
    history = latest_days(Settings.history_days)
    # An input may change while a requested run is working, so the end of that run does not count
    # as handling the change.
    by_hand = AC.newly_updated() & ~AC.any_new_update_has_run_tags(tag_values=AUTOMATION_TAG)
    updated = AC.any_deps_updated().since(AC.newly_requested() | by_hand | AC.initial_evaluation())
    outdated = (AC.missing() | AC.any_deps_updated().since(AC.newly_updated())).with_label(
        "missing_or_older_than_input"
    )
    retried = outdated & (ticked(RETRY_CRON) & latest_days(recent_days) | ticked(CLOSING_CRON))
    due = (updated | retried | ticked(CLOSING_CRON) & days_back(1)).with_label("due")
    paced = (
        AC.newly_requested().since(AC.cron_tick_passed(PACE_CRON)).with_label("requested_just_now")
    )
    missing = AC.any_deps_missing().ignore(optional) if optional else AC.any_deps_missing()
    return (history & due & ~paced & ~missing & inputs_are_settled()).with_label("follows_inputs")


def nightly(optional: dg.AssetSelection | None = None) -> dg.AutomationCondition:
    """Yesterday's partition, once a night, as soon as all of yesterday's inputs are complete.

    The built-in on_cron does not fit: it never fires for inputs that were updated before the tick.
    Windows of inputs begin before the first day of history, so a day waits only for its own day of
    each input. It does not wait for today's landings, which some models read for late events. A
    missing day is requested again at MODEL_RETRY_CRON until it is more than CATCH_UP_DAYS old.

    Args:
        optional: inputs that may be missing.
    """
    catch_up = (latest_days(CATCH_UP_DAYS + 1) & ~latest_days(1)).with_label("complete_days")
    retried = AC.missing() & (ticked(MODEL_RETRY_CRON) | ticked(NIGHTLY_CRON))
    due = (ticked(NIGHTLY_CRON) & days_back(1) | retried).with_label("due")
    nights = [
        days_back(n) & ~_inputs_missing(days_back(n), optional) for n in range(1, CATCH_UP_DAYS + 1)
    ]
    complete = (reduce(or_, nights) & ~_inputs_open(optional)).with_label("inputs_are_complete")
    return (catch_up & due & complete & inputs_are_settled(~latest_days(1))).with_label(
        "nightly_when_complete"
    )


def _inputs_missing(
    day: dg.AutomationCondition, optional: dg.AssetSelection | None
) -> dg.AutomationCondition:
    missing = AC.any_deps_match(AC.missing() & ~AC.will_be_requested() & day)
    return missing.ignore(optional) if optional else missing


def _inputs_open(optional: dg.AssetSelection | None) -> dg.AutomationCondition:
    """Yesterday's partition of an input was last updated before yesterday ended.

    So it may lack part of the day. Landed tables are ignored: the first landing of a day closes the
    day before without updating it.
    """
    closed = AC.newly_updated().since(AC.cron_tick_passed(MIDNIGHT_CRON))
    is_open = AC.any_deps_match(days_back(1) & ~closed & ~AC.will_be_requested())
    return is_open.ignore(LANDED | optional if optional else LANDED).with_label("inputs_are_open")


AUTOMATION_SENSOR = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    # The queue starts nightly runs before the next run of a backfill.
    run_tags=AUTOMATION_TAG | {"dagster/priority": "10"},
    description="Requests facts when their inputs change, and models once a night.",
)
FACTS = follows_inputs()
MODELS = nightly()
AUDIO_CHECK = (latest_days(1) & ticked(AUDIO_CHECK_CRON) & ~AC.in_progress()).with_label(
    "audio_check"
)
