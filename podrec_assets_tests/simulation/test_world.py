"""The inputs of the click probabilities: taste, drift, fatigue, position and availability."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from podrec_assets.simulation.world import (
    COLD_DAYS,
    DRIFT_DAYS,
    FATIGUE_SHOW,
    FATIGUE_TOPIC,
    Moment,
    World,
    examination,
    finish_probability,
    make_world,
    skip_probability,
)
from podrec_assets_tests.simulation.worlds import (
    BEFORE,
    END,
    FIRST_DAY,
    NOON,
    by_hand,
    catalogue,
    moment,
)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(catalogue(), 50, 14, 7, END.date())


def odds(chances: np.ndarray) -> np.ndarray:
    return np.log(chances / (1 - chances))


def test_attraction_equals_the_sigmoid_computed_by_hand() -> None:
    assert by_hand().attraction(moment()) == pytest.approx([0.880797, 0.047426, 0.377541], abs=1e-6)


def test_examination_falls_with_the_position() -> None:
    assert examination(4) == pytest.approx([1, 0.659754, 0.517282, 0.435275], abs=1e-6)


def test_a_liked_episode_is_skipped_less_and_finished_more() -> None:
    assert [skip_probability(0.0), skip_probability(1.0)] == [0.15, 0.0]
    # Without liking the share is uniform: (1 - 0.15) * (1 - 0.8). With full liking: 1 - 0.8 ** 7.
    assert finish_probability(0.0) == pytest.approx(0.17)
    assert finish_probability(1.0) == pytest.approx(0.790285, abs=1e-6)


def test_a_taste_moves_slowly_to_the_next_and_then_stays() -> None:
    days = [FIRST_DAY + timedelta(days=n) for n in range(DRIFT_DAYS + 10)]
    tastes = [by_hand().taste("x", day) for day in days]
    assert tastes[0].tolist() == [1, 0]
    assert tastes[DRIFT_DAYS // 2].tolist() == [0.5, 0.5]
    assert tastes[DRIFT_DAYS].tolist() == tastes[-1].tolist() == [0, 1]
    moved = [np.abs(a - b).sum() / 2 for a, b in pairwise(tastes)]
    assert max(moved) == pytest.approx(1 / DRIFT_DAYS)


def test_drift_changes_the_attraction() -> None:
    world = by_hand()
    late = world.attraction(Moment("x", NOON + timedelta(days=DRIFT_DAYS)))
    assert late == pytest.approx([0.047426, 0.880797, 0.377541], abs=1e-6)


def test_episodes_heard_today_lower_the_odds_of_their_topic_and_show() -> None:
    world = by_hand()
    lost = odds(world.attraction(moment())) - odds(
        world.attraction(moment(heard_today=("a", "mixed")))
    )
    # Both are about topic A and from two shows; b shares neither.
    assert lost == pytest.approx(
        [2 * FATIGUE_TOPIC + FATIGUE_SHOW, 0, 2 * FATIGUE_TOPIC + FATIGUE_SHOW]
    )


def test_heard_and_unpublished_episodes_and_for_the_fan_other_shows_are_never_clicked() -> None:
    world = by_hand()
    assert world.attraction(moment(heard=frozenset(["a"])))[0] == 0
    assert world.attraction(Moment("x", BEFORE - timedelta(seconds=1))).tolist() == [0, 0, 0]
    assert (world.attraction(moment("fan")) > 0).tolist() == [False, True, False]


def test_tastes_and_mixtures_are_shares(world: World) -> None:
    assert world.mixtures.sum(axis=1) == pytest.approx(np.ones(48))
    for user in world.listeners:
        assert world.taste(user, END.date()).sum() == pytest.approx(1)
        assert world.liking(user, END.date()).max() <= 1


def test_the_last_tenth_of_the_listeners_joins_in_the_last_days(world: World) -> None:
    cold = [user for user in world.listeners if world.is_cold(user, END.date())]
    assert cold == [f"listener-{n:04}" for n in range(46, 51)]
    assert all(world.listeners[u].joined > END.date() - timedelta(days=COLD_DAYS) for u in cold)


def test_one_listener_is_heavy_and_the_next_plays_one_show(world: World) -> None:
    assert world.listeners["listener-0001"].sessions_a_day > 2 * np.mean(
        [o.sessions_a_day for o in world.listeners.values()]
    )
    assert world.listeners["listener-0002"].only_show == "s0"


def test_the_same_arguments_make_the_same_world(world: World) -> None:
    again = make_world(catalogue()[::-1], 50, 14, 7, END.date())
    assert np.array_equal(again.appeal, world.appeal)
    assert np.array_equal(again.mixtures, world.mixtures)
    assert np.array_equal(
        again.listeners["listener-0009"].anchors, world.listeners["listener-0009"].anchors
    )
