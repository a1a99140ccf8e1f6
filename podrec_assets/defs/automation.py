"""When assets are requested without a hand: facts follow their inputs, models are made once a
night, failures come again.

Every condition is `which days` & `what makes it due` & `what it waits for`.
"""

from datetime import timedelta
from functools import reduce
from operator import or_

import dagster as dg

from podrec_assets.settings import Settings

AC = dg.AutomationCondition
MIDNIGHT_CRON = "0 0 * * *"
PACE_CRON = "*/10 * * * *"
"""Facts are requested at most once between two of these ticks, so steady load costs six runs an
hour, not sixty.
"""
CLOSING_CRON = "30 0 * * *"
"""When yesterday's facts are computed once more, from all that has landed, and older open days are
caught up.
"""
NIGHTLY_CRON = "0 3 * * *"
RETRY_CRON = "15 * * * *"
"""Facts that failed, or whose inputs came while nothing looked, are tried again after this tick."""
MODEL_RETRY_CRON = "0 5-23/3 * * *"
AUTOMATION_TAG = {"podrec/requested_by": "automation"}
"""Tag of the runs that the automation sensor requests."""
LANDED = dg.AssetSelection.assets("episodes", "user_events")
"""What sensors land; all else is made from it."""
CATCH_UP_DAYS = 3
"""Complete days whose models are still made when they could not be in their own night."""


def latest_days(count: int) -> dg.AutomationCondition:
    """Today and the days before it, `count` in all."""
    return AC.in_latest_time_window(timedelta(days=count)).with_label(f"latest_{count}_days")


def days_back(count: int) -> dg.AutomationCondition:
    """The one day that lies so many days before today."""
    return (latest_days(count + 1) & ~latest_days(count)).with_label(f"{count}_days_back")


def ticked(cron: str) -> dg.AutomationCondition:
    """The cron has ticked today, and the day's partition was neither requested nor made since.

    It is forgotten at midnight: a remembered tick would make a day's models due the moment that the
    day ends. Dagster tells the memories of two `since` apart by the names of their direct children
    only, so each has a bare cron among them.
    """
    today = AC.cron_tick_passed(cron).since(AC.cron_tick_passed(MIDNIGHT_CRON))
    handled = (AC.newly_requested() | AC.newly_updated()).since(AC.cron_tick_passed(cron))
    return (today & ~handled).with_label(f"ticked({cron})")


def inputs_are_settled(days: dg.AutomationCondition | None = None) -> dg.AutomationCondition:
    """Nobody is making the asset or an input (of an input only `days`), and no input's latest
    blocking check failed.
    """
    making = AC.any_deps_match(AC.in_progress() & days) if days else AC.any_deps_in_progress()
    failed = AC.any_deps_match(
        AC.any_checks_match(AC.check_failed(), blocking_only=True)
    ).with_label("input_check_failed")
    return (~making & ~AC.in_progress() & ~failed).with_label("inputs_are_settled")


def follows_inputs(
    recent_days: int = 1 + Settings.late_days, optional: dg.AssetSelection | None = None
) -> dg.AutomationCondition:
    """Each day of the models' history follows its inputs, at once when idle and else at PACE_CRON.

    What is missing or older than its input is tried again: of `recent_days` every hour, of the
    history once a night.

    Args:
        recent_days: today and the days before it that are tried again every hour.
        optional: inputs that a day does without where they are missing.
    """
    history = latest_days(Settings.history_days)
    # Inputs that change while a requested run is at work must be followed too, so its end does not
    # count as handled.
    by_hand = AC.newly_updated() & ~AC.any_new_update_has_run_tags(tag_values=AUTOMATION_TAG)
    updated = AC.any_deps_updated().since(AC.newly_requested() | by_hand | AC.initial_evaluation())
    outdated = (AC.missing() | AC.any_deps_updated().since(AC.newly_updated())).with_label(
        "missing_or_older_than_input"
    )
    again = outdated & (ticked(RETRY_CRON) & latest_days(recent_days) | ticked(CLOSING_CRON))
    due = (updated | again | ticked(CLOSING_CRON) & days_back(1)).with_label("due")
    paced = (
        AC.newly_requested().since(AC.cron_tick_passed(PACE_CRON)).with_label("requested_just_now")
    )
    missing = AC.any_deps_missing().ignore(optional) if optional else AC.any_deps_missing()
    return (history & due & ~paced & ~missing & inputs_are_settled()).with_label("follows_inputs")


def nightly(optional: dg.AssetSelection | None = None) -> dg.AutomationCondition:
    """Yesterday's partition, once a night, as soon as yesterday's inputs are all there; what failed
    comes again.

    The built-in on_cron never fires when inputs landed before the tick. Windows of inputs reach
    back before the first day of history, so a day asks only for its own day of each input; what
    lands today, which some of them read for its late events, holds nothing. A day that could not be
    made is tried again at MODEL_RETRY_CRON until it lies more than CATCH_UP_DAYS back.

    Args:
        optional: inputs that a day does without where they are missing.
    """
    catch_up = (latest_days(CATCH_UP_DAYS + 1) & ~latest_days(1)).with_label("complete_days")
    again = AC.missing() & (ticked(MODEL_RETRY_CRON) | ticked(NIGHTLY_CRON))
    due = (ticked(NIGHTLY_CRON) & days_back(1) | again).with_label("due")
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
    found = AC.any_deps_match(AC.missing() & ~AC.will_be_requested() & day)
    return found.ignore(optional) if optional else found


def _inputs_open(optional: dg.AssetSelection | None) -> dg.AutomationCondition:
    """Yesterday's partition of an input was last made before yesterday ended, so some of the day
    may not be in it.

    Landed tables are left out: the first landing of a day ends the day before in its topic without
    touching it.
    """
    closed = AC.newly_updated().since(AC.cron_tick_passed(MIDNIGHT_CRON))
    found = AC.any_deps_match(days_back(1) & ~closed & ~AC.will_be_requested())
    return found.ignore(LANDED | optional if optional else LANDED).with_label("inputs_are_open")


AUTOMATION_SENSOR = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    # In the queue the nightly work goes before the next run of a backfill.
    run_tags=AUTOMATION_TAG | {"dagster/priority": "10"},
    description="Requests facts when their inputs change, and the models once a night.",
)
FACTS = follows_inputs()
MODELS = nightly()
