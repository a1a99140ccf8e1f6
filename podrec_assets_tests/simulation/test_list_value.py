"""Expected click-through and regret, against hand-computed sums, permutations and simulation."""

from itertools import permutations

import numpy as np
import pytest

from podrec_assets.schemas import NEWCOMER
from podrec_assets.simulation.list_value import (
    best_list,
    expected_click_through,
    play_lists,
    regret,
    summaries,
)
from podrec_assets.simulation.listener_model import session
from podrec_assets.simulation.world import Moment, make_world
from podrec_assets_tests.simulation.worlds import END, by_hand, catalogue, moment

SESSIONS = 4000


def documents(**lists: str) -> list[dict]:
    return [
        {"user_id": u, "items": [{"episode_id": e} for e in shown.split()]}
        for u, shown in lists.items()
    ]


def test_expected_click_through_equals_the_sum_computed_by_hand() -> None:
    # By hand: (1 * 0.880797 + 0.659754 * 0.047426 + 0.517282 * 0.377541) / 3
    assert expected_click_through(by_hand(), moment(), ["a", "b", "mixed"], 3) == pytest.approx(
        0.369127, abs=1e-6
    )


def test_empty_places_and_places_beyond_the_list_earn_nothing() -> None:
    world = by_hand()
    assert expected_click_through(world, moment(), ["a"], 4) == pytest.approx(
        0.880797 / 4, abs=1e-6
    )
    assert expected_click_through(world, moment(), ["a", "mixed"], 1) == pytest.approx(
        0.880797, abs=1e-6
    )
    assert expected_click_through(world, moment(), [], 3) == 0


def test_a_repeated_episode_earns_once_in_its_first_place() -> None:
    world = by_hand()
    once = expected_click_through(world, moment(), ["mixed", "a"], 3)
    assert expected_click_through(world, moment(), ["mixed", "a", "a"], 3) == once


def test_an_unknown_episode_is_an_error() -> None:
    with pytest.raises(KeyError):
        expected_click_through(by_hand(), moment(), ["nonsense"], 1)


def test_regret_is_the_difference_to_the_best_list() -> None:
    world = by_hand()
    assert best_list(world, moment(), 3) == ["a", "mixed", "b"]
    # By hand: (0.880797 + 0.659754 * 0.377541 + 0.517282 * 0.047426) / 3 - 0.369127
    assert regret(world, moment(), ["a", "b", "mixed"], 3) == pytest.approx(
        0.384805 - 0.369127, abs=1e-5
    )
    assert regret(world, moment(), ["a", "mixed", "b"], 3) == 0


def test_no_permutation_of_episodes_beats_the_best_list() -> None:
    world = make_world(catalogue(2, 3), 3, 2, 1, END.date())
    for user in world.listeners:
        at = Moment(user, END, heard_today=("e0-0",))
        best = expected_click_through(world, at, best_list(world, at, 4), 4)
        earned = [
            expected_click_through(world, at, list(shown), 4)
            for shown in permutations(world.index, 4)
        ]
        assert max(earned) == pytest.approx(best)


def test_random_lists_never_beat_the_best_list() -> None:
    world = make_world(catalogue(), 20, 14, 3, END.date())
    random = np.random.default_rng(0)
    for user in world.listeners:
        at = Moment(user, END, frozenset(random.choice(list(world.index), 9).tolist()))
        lists = [random.choice(list(world.index), 10).tolist() for _ in range(50)]
        assert min(regret(world, at, shown, 10) for shown in lists) >= 0


def test_the_mean_of_many_sessions_is_the_expected_click_through() -> None:
    world = make_world(catalogue(), 5, 14, 3, END.date())
    random = np.random.default_rng(0)
    shown = list(world.index)[::7]
    at = Moment("listener-0004", END, frozenset(shown[:1]), (shown[0],))
    events = [event for _ in range(SESSIONS) for event in session(world, at, shown, random)]
    share = sum(event.kind == "click" for event in events) / SESSIONS / len(shown)
    expected = expected_click_through(world, at, shown, len(shown))
    # Four standard errors of a mean of independent clicks.
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected / SESSIONS / len(shown)))


def test_listeners_get_their_own_list_and_unknown_ones_the_newcomers_list() -> None:
    moments = [moment(), moment("fan")]
    mine, fan = play_lists(by_hand(), documents(x="b a", **{NEWCOMER: "b"}), moments, 2)
    assert (mine.user_id, mine.is_cold, fan.is_cold) == ("x", True, False)
    assert mine.click_through == pytest.approx((0.047426 + 0.659754 * 0.880797) / 2, abs=1e-6)
    assert fan.click_through == fan.best == pytest.approx(0.047426 / 2, abs=1e-6)
    assert play_lists(by_hand(), documents(x="a"), moments, 2)[1].click_through == 0


def test_summaries_split_cold_from_warm_and_give_the_ratio_of_means() -> None:
    outcomes = play_lists(by_hand(), documents(x="b a", fan="a"), [moment(), moment("fan")], 1)
    found = summaries(outcomes)
    assert {name: s.user_count for name, s in found.items()} == {"all": 2, "warm": 1, "cold": 1}
    assert (found["warm"].click_through, found["warm"].regret) == (
        0,
        pytest.approx(0.047426, abs=1e-6),
    )
    assert found["cold"].ratio == pytest.approx(0.047426 / 0.880797, abs=1e-5)
    assert found["all"].ratio == pytest.approx(0.047426 / (0.880797 + 0.047426), abs=1e-5)
    assert list(summaries(outcomes[:1])) == ["all", "cold"]


def test_lists_by_taste_beat_lists_by_appeal_and_the_best_list_beats_both() -> None:
    world = make_world(catalogue(), 60, 14, 3, END.date())
    moments = [Moment(user, END) for user in world.listeners]
    names = np.array(list(world.index))
    by_taste = {
        u: " ".join(names[np.argsort(-world.liking(u, END.date()))]) for u in world.listeners
    }
    by_appeal = {NEWCOMER: " ".join(names[np.argsort(-world.appeal)])}
    best = {m.user_id: " ".join(best_list(world, m, 6)) for m in moments}
    taste, appeal, optimum = (
        summaries(play_lists(world, documents(**d), moments, 6))["all"].ratio
        for d in (by_taste, by_appeal, best)
    )
    assert optimum == 1
    assert appeal + 0.2 < taste < 1
