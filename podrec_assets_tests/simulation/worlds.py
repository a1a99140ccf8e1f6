"""Worlds for the tests: one small enough to compute by hand, and the catalogue of a larger one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from podrec_assets.simulation.world import EpisodeInfo, Listener, Moment, World

FIRST_DAY = date(2026, 11, 1)
END = datetime(2026, 11, 14, 18, tzinfo=UTC)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEFORE = datetime(2026, 10, 1, tzinfo=UTC)


def catalogue(shows: int = 6, each: int = 8) -> list[EpisodeInfo]:
    """Returns episodes, one topic per show; half come out before the first day, half after."""
    return [
        EpisodeInfo(
            f"e{show}-{n}",
            f"s{show}",
            f"topic {show}",
            NOON + timedelta(days=3 * n - 12, hours=show),
            1200.0,
        )
        for show in range(shows)
        for n in range(each)
    ]


def by_hand() -> World:
    """Returns a world of three episodes whose click probabilities can be computed by hand.

    Listener `x` likes topic A only; likings are 1 (a), 0 (b) and 1/2 (mixed), and no episode has
    appeal. Click probabilities given examination: sigmoid(2) = 0.880797, sigmoid(-3) = 0.047426,
    sigmoid(-0.5) = 0.377541. Listener `fan` is the same but plays show-b only. Tastes move from
    topic A to topic B in DRIFT_DAYS.
    """
    episodes = (
        EpisodeInfo("a", "show-a", "A", BEFORE, 600.0),
        EpisodeInfo("b", "show-b", "B", BEFORE, 600.0),
        EpisodeInfo("mixed", "show-c", "A", BEFORE, 600.0),
    )
    anchors = np.array([[1.0, 0.0], [0.0, 1.0]])
    listeners = {
        "x": Listener("x", anchors, 2.0, FIRST_DAY, None),
        "fan": Listener("fan", anchors, 2.0, FIRST_DAY - timedelta(days=30), "show-b"),
    }
    return World(
        episodes,
        ("A", "B"),
        np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]),
        np.zeros(3),
        listeners,
        FIRST_DAY,
    )


def moment(user_id: str = "x", **more: Any) -> Moment:
    """Returns noon of the first day for a listener."""
    return Moment(user_id, NOON, **more)
