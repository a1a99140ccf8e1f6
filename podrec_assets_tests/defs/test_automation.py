"""Automation conditions, minute by minute around midnight and at night, and over two weeks."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from podrec_assets.defs.automation import FACTS, MODELS, follows_inputs, nightly
from podrec_assets.defs.partitions import DAILY, DAY_BEFORE, HISTORY, LATE
from podrec_assets_tests.defs.dagster_internals import start_run_for
from podrec_assets_tests.defs.simulated_days import SimulatedDays, at

pytestmark = pytest.mark.slow

D0 = date(2026, 11, 2)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def days(first: int, last: int) -> list[date]:
    return [D0 + n * DAY for n in range(first, last + 1)]


@dg.asset(partitions_def=DAILY)
def raw() -> None: ...


@dg.asset(partitions_def=DAILY, deps=[raw], automation_condition=FACTS)
def content() -> None: ...


@dg.asset(
    partitions_def=DAILY,
    deps=[dg.AssetDep(raw, partition_mapping=LATE)],
    automation_condition=FACTS,
)
def score() -> None: ...


@dg.asset(
    partitions_def=DAILY,
    deps=[dg.AssetDep(score, partition_mapping=HISTORY)],
    automation_condition=MODELS,
)
def model() -> None: ...


@dg.asset(partitions_def=DAILY, deps=[model, content], automation_condition=MODELS)
def lists() -> None: ...


QUALITY = nightly(optional=dg.AssetSelection.assets("lists"))


@dg.asset(
    partitions_def=DAILY,
    deps=[dg.AssetDep(lists, partition_mapping=DAY_BEFORE), score],
    automation_condition=QUALITY,
)
def quality() -> None: ...


@dg.asset(partitions_def=DAILY)
def user_events() -> None: ...


@dg.asset(
    partitions_def=DAILY,
    deps=[score, dg.AssetDep(user_events, partition_mapping=LATE)],
    automation_condition=MODELS,
)
def answers() -> None: ...


@dg.asset(partitions_def=DAILY)
def rare() -> None: ...


@dg.asset(
    partitions_def=DAILY,
    deps=[raw, rare],
    automation_condition=follows_inputs(optional=dg.AssetSelection.assets("rare")),
)
def letters() -> None: ...


ASSETS = [raw, content, score, model, lists, quality]


def at_noon(instance: dg.DagsterInstance, assets: list) -> SimulatedDays:
    """At noon of D1: D0 and D1 have landed, their facts are made, and the sensor ticked once."""
    world = SimulatedDays(dg.Definitions(assets), instance)
    for asset in ("raw", "content", "score"):
        world.make(asset, *days(0, 1))
    world.tick(at(days(1, 1)[0], 12))
    return world


@pytest.fixture
def world() -> Iterator[SimulatedDays]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield at_noon(instance, ASSETS)


@pytest.fixture
def wider() -> Iterator[SimulatedDays]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield at_noon(instance, [*ASSETS, user_events, answers, rare, letters])


def test_a_landing_requests_its_day_and_the_days_that_late_events_may_change(
    world: SimulatedDays,
) -> None:
    world.make("raw", D0 + DAY)
    assert world.tick(at(D0 + DAY, 12, 1)) == {"content": [D0 + DAY], "score": days(0, 1)}
    assert world.tick(at(D0 + DAY, 12, 2)) == {}


def test_records_that_landed_just_before_midnight_still_get_their_content(
    world: SimulatedDays,
) -> None:
    world.make("raw", D0 + DAY)
    requested = world.tick(at(D0 + 2 * DAY, 0, 1))
    assert requested["content"] == [D0 + DAY]


def test_steady_landing_costs_one_request_per_ten_minutes(world: SimulatedDays) -> None:
    for minute in range(22):
        world.make("raw", D0 + DAY)
        world.tick(at(D0 + DAY, 13) + minute * MINUTE)
    assert [a.minute for a in world.requested("content", D0 + DAY)] == [0, 10, 20]


def test_models_are_requested_once_at_three_and_never_at_midnight(world: SimulatedDays) -> None:
    for day in days(1, 2):
        world.tick(at(day, 23, 59))
        world.make("raw", day + DAY)
        for hour, minute in ((0, 0), (0, 1), (0, 15), (0, 30), (2, 59), (3, 0), (3, 1), (4, 0)):
            world.tick(at(day + DAY, hour, minute))
    for day in days(1, 2):
        assert {asset: world.requested(asset, day) for asset in ("model", "lists", "quality")} == {
            asset: [at(day + DAY, 3)] for asset in ("model", "lists", "quality")
        }


def test_models_without_input_wait_and_are_requested_as_soon_as_it_lands(
    world: SimulatedDays,
) -> None:
    for moment in (at(D0 + 2 * DAY, 23), at(D0 + 3 * DAY, 3), at(D0 + 3 * DAY, 3, 1)):
        assert D0 + 2 * DAY not in world.tick(moment).get("model", [])
    world.make("raw", D0 + 2 * DAY, D0 + 3 * DAY)
    requested = world.tick(at(D0 + 3 * DAY, 4, 2))
    assert D0 + 2 * DAY in requested["score"]
    assert D0 + 2 * DAY in requested["model"]


def test_models_wait_for_facts_computed_after_their_day_was_over(
    world: SimulatedDays,
) -> None:
    """D0 + 1 has had a score since noon, but is not closed, because the next raw day is missing."""
    for moment in (at(D0 + 2 * DAY, 0, 31), at(D0 + 2 * DAY, 3), at(D0 + 2 * DAY, 4)):
        assert D0 + DAY not in world.tick(moment).get("model", [])
    world.make("raw", D0 + 2 * DAY)
    requested = world.tick(at(D0 + 2 * DAY, 4, 1))
    assert D0 + DAY in requested["score"]
    assert D0 + DAY in requested["model"]


def test_a_failed_fact_is_requested_every_hour_until_it_succeeds(
    world: SimulatedDays,
) -> None:
    world.make("raw", D0 + DAY)
    world.succeeds = lambda asset, day, now: asset != "content" or now >= at(D0 + DAY, 16)
    for _ in world.ticks(at(D0 + DAY, 13, 1), at(D0 + DAY, 18), 15 * MINUTE):
        pass
    assert [a.strftime("%H:%M") for a in world.requested("content", D0 + DAY)] == [
        "13:01",
        "13:16",
        "14:16",
        "15:16",
        "16:16",
    ]


def test_failed_models_are_requested_again_for_three_days(world: SimulatedDays) -> None:
    world.make("raw", D0 + 2 * DAY)
    world.succeeds = lambda asset, day, now: asset != "model" or day != D0 + DAY
    for day in days(2, 5):
        world.make("raw", day)
        for hour in (0, 1, 3, 4, 5, 14, 23):
            world.tick(at(day, hour))
    tries = world.requested("model", D0 + DAY)
    assert [a.date() for a in tries] == sorted(days(2, 4) * 4)
    assert {a.hour for a in tries} == {3, 5, 14, 23}
    assert D0 + DAY not in world.materialized["lists"]


def test_a_failed_blocking_check_of_an_input_holds_back_what_reads_it(
    world: SimulatedDays,
) -> None:
    @dg.asset_check(asset=raw, blocking=True)
    def sound() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    world.defs = dg.Definitions(ASSETS, asset_checks=[sound])
    world.make("raw", D0 + DAY)
    report_check(world, passed=False)
    assert world.tick(at(D0 + DAY, 13)) == {}
    report_check(world, passed=True)
    assert world.tick(at(D0 + DAY, 13, 1)) == {"content": [D0 + DAY], "score": days(0, 1)}


def report_check(world: SimulatedDays, passed: bool) -> None:
    key, day = dg.AssetKey("raw"), str(D0 + DAY)
    world.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
    world.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(key, "sound", passed, metadata={}, blocking=True)
    )


def test_models_wait_for_a_landing_of_their_own_day_but_not_for_one_of_today(
    wider: SimulatedDays,
) -> None:
    wider.make("user_events", *days(0, 1))
    for day, landing, requested in (
        (D0 + 2 * DAY, D0 + 2 * DAY, True),
        (D0 + 3 * DAY, D0 + 2 * DAY, False),
    ):
        wider.make("raw", day)
        wider.make("user_events", day)
        wider.tick(at(day, 0, 31))
        start_run_for(wider.instance, "user_events", landing)
        assert (day - DAY in wider.tick(at(day, 3)).get("answers", [])) == requested


def test_an_optional_input_makes_a_fact_due_and_holds_nothing_back_if_missing(
    wider: SimulatedDays,
) -> None:
    wider.make("letters", *days(0, 1))
    wider.tick(at(D0 + DAY, 12, 1))
    wider.make("raw", D0 + DAY)
    assert wider.tick(at(D0 + DAY, 13))["letters"] == [D0 + DAY]
    wider.tick(at(D0 + DAY, 13, 1))
    wider.make("rare", D0 + DAY)
    assert wider.tick(at(D0 + DAY, 14))["letters"] == [D0 + DAY]


def test_after_two_weeks_with_late_missing_and_failing_days_every_partition_exists(
    world: SimulatedDays,
) -> None:
    """Raw days land three times a day and once after midnight.

    On day 4 nothing lands until the next morning. On day 6 the score fails for half a day. On day 8
    the model fails for a night. From day 10 on the sensor is down for 36 hours.
    """
    failing = {
        "score": (at(D0 + 6 * DAY, 8), at(D0 + 6 * DAY, 20)),
        "model": (at(D0 + 8 * DAY), at(D0 + 8 * DAY, 9)),
    }
    world.succeeds = lambda asset, day, now: (
        asset not in failing or not failing[asset][0] <= now <= failing[asset][1]
    )
    last = D0 + 13 * DAY
    for day in days(2, 14):
        for hour, minute in ((0, 1), (0, 31), (3, 0), (8, 2), (15, 2), (20, 16)):
            now = at(day, hour, minute)
            if minute in (1, 2) and not at(D0 + 4 * DAY) <= now < at(D0 + 5 * DAY, 6):
                landed = {now.date(), max(world.materialized["raw"])}
                world.make("raw", *(d for d in days(0, 14) if min(landed) <= d <= max(landed)))
            if not at(D0 + 10 * DAY) <= now < at(D0 + 11 * DAY, 12):
                world.tick(now)
    for asset in ("content", "score", "model", "lists", "quality"):
        assert set(days(1, 13)) <= world.materialized[asset], asset
    assert {d for d in world.materialized["model"] if d > last} == set()
    counts = Counter(name for _, name, _ in world.requests)
    # Models: once a night, and again in the two bad nights. Scores: for each landing its day and
    # the two before it, and once more after midnight.
    assert counts["model"] <= 14 + 3
    assert counts["content"] <= 14 * 4
    assert counts["score"] <= 14 * 4 * 3
