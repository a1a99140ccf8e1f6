"""How much a position in a list is looked at, from the clicks on what was shown there. Pure.

The position-based model (Richardson et al. 2007): P(click) = propensity(position) *
attraction(episode). Both are fitted in turn, so that a position which is given to attractive
episodes is not taken for one that is looked at more.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LEAST_PROPENSITY = 0.1
"""Clipped from below (Joachims et al. 2017): one click at a place that hardly anybody looks at must
not decide.
"""
MOST_POSITIONS = 100
ROUNDS = 20
SHRINK = 5.0
"""Impressions at the mean rate that each episode's and position's own are added to."""


@dataclass(frozen=True)
class Shown:
    """What a listener was shown on a day, one entry an episode: its first position (from 1), and
    whether it was clicked.
    """

    episodes: list[str]
    positions: np.ndarray
    clicked: np.ndarray


def shown_by_user(events: pa.Table) -> dict[str, Shown]:
    """By listener, what impressions (with a position) and clicks of USER_EVENTS say."""
    kinds = events.filter(pc.is_in(events["kind"], pa.array(["impression", "click"])))
    rows = kinds.select(
        ["user_id", "episode_id", "kind", "position", "occurred_at", "event_id"]
    ).to_pylist()
    places: dict[str, dict[str, int]] = {}
    clicked: dict[str, set[str]] = {}
    for row in sorted(rows, key=lambda r: (r["occurred_at"], r["event_id"])):
        user, episode = row["user_id"], row["episode_id"]
        if row["kind"] == "click":
            clicked.setdefault(user, set()).add(episode)
        elif row["position"] is not None:
            places.setdefault(user, {}).setdefault(episode, min(row["position"], MOST_POSITIONS))
    return {user: _shown(found, clicked.get(user, set())) for user, found in sorted(places.items())}


def _shown(places: dict[str, int], clicked: set[str]) -> Shown:
    episodes = sorted(places)
    return Shown(
        episodes,
        np.array([places[e] for e in episodes]),
        np.array([float(e in clicked) for e in episodes]),
    )


def propensities(shown: list[Shown]) -> np.ndarray:
    """(MOST_POSITIONS + 1,) probability that a position is looked at, over that of the first; index
    0 is unused.

    It never rises with the position; where nothing was shown it is that of the position above.
    """
    if not shown:
        return np.ones(MOST_POSITIONS + 1)
    names, episode = np.unique(np.concatenate([s.episodes for s in shown]), return_inverse=True)
    position = np.concatenate([s.positions for s in shown])
    clicked = np.concatenate([s.clicked for s in shown])
    rate = max(float(clicked.mean()), 1e-9)
    seen_at, attraction = np.ones(MOST_POSITIONS + 1), np.full(len(names), rate)
    by_episode = np.bincount(episode, clicked, len(names))
    by_position = np.bincount(position, clicked, MOST_POSITIONS + 1)
    for _ in range(ROUNDS):
        looks = np.bincount(episode, seen_at[position], len(names))
        attraction = (by_episode + SHRINK * rate) / (looks + SHRINK)
        expected = np.bincount(position, attraction[episode], MOST_POSITIONS + 1)
        seen_at = (by_position + SHRINK * rate * seen_at) / (expected + SHRINK * rate)
        seen_at = seen_at / max(seen_at[1], 1e-9)
    return np.maximum(
        np.minimum.accumulate(np.minimum(seen_at[1:], 1.0), axis=0), LEAST_PROPENSITY
    )[np.r_[0, 0:MOST_POSITIONS]]
