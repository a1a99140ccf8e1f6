"""Propensities: planted examination is found, whatever stands where."""

from datetime import UTC, datetime

import numpy as np
import pytest

from podrec_assets.recommend.evaluation.position_bias import (
    LEAST_PROPENSITY,
    Shown,
    propensities,
    shown_by_user,
)
from podrec_assets.schemas import USER_EVENTS

LOOKED_AT = np.array([1.0, 0.7, 0.5, 0.3])


def planted(is_sorted: bool) -> list[Shown]:
    """4,000 listeners are shown 4 of 8 episodes whose attraction is 0.1 to 0.8, in random order or
    the best first.
    """
    random, found = np.random.default_rng(1), []
    attraction = np.arange(1, 9) / 10
    for _ in range(4000):
        shown = random.choice(8, 4, replace=False)
        shown = shown[np.argsort(-attraction[shown])] if is_sorted else shown
        clicked = random.random(4) < LOOKED_AT * attraction[shown]
        found.append(Shown([f"e{n}" for n in shown], np.arange(1, 5), clicked.astype(float)))
    return found


@pytest.mark.parametrize("is_sorted", [False, True], ids=["random order", "best first"])
def test_the_planted_examination_is_found(is_sorted: bool) -> None:
    assert propensities(planted(is_sorted))[1:5] == pytest.approx(LOOKED_AT, abs=0.06)


def test_propensities_never_rise_nor_fall_below_the_clip_and_go_on_beyond_what_was_shown() -> None:
    found = propensities(
        [Shown(["a", "b", "c"], np.array([1, 2, 3]), np.array([1.0, 0.0, 1.0]))] * 500
    )
    assert (np.diff(found[1:]) <= 0).all()
    assert found[2] == pytest.approx(LEAST_PROPENSITY, abs=0.05)
    assert found[50] == found[3]


def test_without_impressions_every_position_counts_alike() -> None:
    assert set(propensities([]).tolist()) == {1.0}


def test_clicks_join_the_first_position_of_their_episode_and_impressions_without_one_are_left_out() -> (
    None
):
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
    found = shown_by_user(USER_EVENTS.rows(events))["ann"]
    assert (found.episodes, found.positions.tolist(), found.clicked.tolist()) == (
        ["a", "b"],
        [2, 1],
        [1.0, 0.0],
    )
