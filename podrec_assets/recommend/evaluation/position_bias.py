"""Position bias: the probability that a position of a list is examined, from clicks. Pure.

The position-based model (Richardson et al. 2007): P(click) = propensity(position) *
attraction(episode). Both are fitted in turn, so that a position with attractive episodes is not
mistaken for one that is examined more often.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MIN_PROPENSITY = 0.1
"""Propensities are clipped (Joachims et al. 2017), so that one click at a position that hardly
anybody examines does not decide.
"""
MAX_POSITION = 100
ROUNDS = 20
SHRINKAGE = 5.0
"""Prior impressions at the mean click rate, added to those of each episode and position."""


@dataclass(frozen=True)
class Shown:
    """What a listener was shown on a day, one entry an episode.

    Attributes:
        episodes: their ids, in order.
        positions: the first position of each, from 1.
        clicked: 1.0 if it was clicked, else 0.0.
    """

    episodes: list[str]
    positions: np.ndarray
    clicked: np.ndarray


def shown_by_user(events: pa.Table) -> dict[str, Shown]:
    """Returns what was shown and clicked by listener, from rows of USER_EVENTS.

    Impressions without a position are ignored.
    """
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
            places.setdefault(user, {}).setdefault(episode, min(row["position"], MAX_POSITION))
    return {
        user: _shown(positions, clicked.get(user, set()))
        for user, positions in sorted(places.items())
    }


def _shown(places: dict[str, int], clicked: set[str]) -> Shown:
    episodes = sorted(places)
    return Shown(
        episodes,
        np.array([places[e] for e in episodes]),
        np.array([float(e in clicked) for e in episodes]),
    )


def propensities(shown: list[Shown]) -> np.ndarray:
    """Returns (MAX_POSITION + 1,): how often a position is examined, relative to the first.

    Index 0 is unused. Propensities never rise with the position; a position where nothing was shown
    has that of the one above.
    """
    if not shown:
        return np.ones(MAX_POSITION + 1)
    names, episode = np.unique(np.concatenate([s.episodes for s in shown]), return_inverse=True)
    position = np.concatenate([s.positions for s in shown])
    clicked = np.concatenate([s.clicked for s in shown])
    rate = max(float(clicked.mean()), 1e-9)
    examined, attraction = np.ones(MAX_POSITION + 1), np.full(len(names), rate)
    by_episode = np.bincount(episode, clicked, len(names))
    by_position = np.bincount(position, clicked, MAX_POSITION + 1)
    for _ in range(ROUNDS):
        exposures = np.bincount(episode, examined[position], len(names))
        attraction = (by_episode + SHRINKAGE * rate) / (exposures + SHRINKAGE)
        expected = np.bincount(position, attraction[episode], MAX_POSITION + 1)
        examined = (by_position + SHRINKAGE * rate * examined) / (expected + SHRINKAGE * rate)
        examined = examined / max(examined[1], 1e-9)
    falling = np.minimum.accumulate(np.minimum(examined[1:], 1.0), axis=0)
    return np.maximum(falling, MIN_PROPENSITY)[np.r_[0, 0:MAX_POSITION]]
