"""Propensities: planted examination is recovered in any arrangement of episodes."""

from datetime import UTC, datetime

import numpy as np
import pytest

from podrec_assets.recommend.evaluation.position_bias import (
    MIN_PROPENSITY,
    Shown,
    propensities,
    shown_by_user,
)
from podrec_assets.schemas import USER_EVENTS

EXAMINED = np.array([1.0, 0.7, 0.5, 0.3])


def planted(is_sorted: bool) -> list[Shown]:
    """Returns what 4,000 listeners were shown: 4 of 8 episodes with attraction 0.1 to 0.8."""
    random, by_listener = np.random.default_rng(1), []
    attraction = np.arange(1, 9) / 10
    for _ in range(4000):
        shown = random.choice(8, 4, replace=False)
        shown = shown[np.argsort(-attraction[shown])] if is_sorted else shown
        clicked = random.random(4) < EXAMINED * attraction[shown]
        episodes = [f"e{n}" for n in shown]
        by_listener.append(Shown(episodes, np.arange(1, 5), clicked.astype(float)))
    return by_listener


@pytest.mark.parametrize("is_sorted", [False, True], ids=["random order", "best first"])
def test_planted_examination_is_recovered(is_sorted: bool) -> None:
    assert propensities(planted(is_sorted))[1:5] == pytest.approx(EXAMINED, abs=0.06)


def test_propensities_never_rise_stay_above_the_minimum_and_continue_past_the_shown_positions() -> (
    None
):
    fitted = propensities(
        [Shown(["a", "b", "c"], np.array([1, 2, 3]), np.array([1.0, 0.0, 1.0]))] * 500
    )
    assert (np.diff(fitted[1:]) <= 0).all()
    assert fitted[2] == pytest.approx(MIN_PROPENSITY, abs=0.05)
    assert fitted[50] == fitted[3]


def test_without_impressions_every_position_counts_the_same() -> None:
    assert set(propensities([]).tolist()) == {1.0}


def test_a_click_counts_at_the_first_position_and_impressions_without_one_are_ignored() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        ("impression", "a", 2, 0),
        ("impression", "a", 5, 1),
        ("click", "a", None, 2),
        ("impression", "b", 1, 3),
    ]
    rows += [("impression", "c", None, 4), ("click", "d", 1, 5), ("play", "b", None, 6)]
    events = [
        {
            "user_id": "ann",
            "kind": k,
            "episode_id": e,
            "position": p,
            "event_id": str(n),
            "occurred_at": at.replace(minute=n),
        }
        for k, e, p, n in rows
    ]
    shown = shown_by_user(USER_EVENTS.rows(events))["ann"]
    assert (shown.episodes, shown.positions.tolist(), shown.clicked.tolist()) == (
        ["a", "b"],
        [2, 1],
        [1.0, 0.0],
    )
