"""Planted listening for tests of models: two groups of listeners with disjoint tastes."""

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.interactions import Interactions

GROUP = 6
CONFIG = AlsConfig(rank=2, regularization=0.05, alpha=2.0, iterations=15, seed=7)


def history_of(
    scores: dict[str, dict[str, float]], heard: dict[str, set[str]] | None = None, items: str = ""
) -> Interactions:
    """Returns interactions from damped scores by listener and episode.

    Args:
        scores: by listener and episode.
        heard: episodes heard by listener; by default all that have a score.
        items: further episodes, separated by spaces.
    """
    users = sorted(scores)
    columns = sorted({e for row in scores.values() for e in row} | set(items.split()))
    matrix = csr_matrix(
        np.array([[scores[u].get(e, 0.0) for e in columns] for u in users], dtype=np.float64)
    )
    nothing: dict[str, set[str]] = {u: set() for u in users}
    seen = nothing | (heard if heard is not None else {u: set(scores[u]) for u in users})
    return Interactions(users, columns, matrix, seen, dict(nothing), {u: {} for u in users}, {})


def checkerboard(unheard: int) -> Interactions:
    """Returns listeners a0.. who heard episodes A0.., and b0.. who heard B0...

    Each has not heard the next `unheard` episodes of the own group.
    """
    return history_of(
        {
            f"{taste}{n}": {
                f"{taste.upper()}{(n + k) % GROUP}": 1.0 + 0.1 * k for k in range(unheard, GROUP)
            }
            for taste in "ab"
            for n in range(GROUP)
        }
    )


def left_out(user: str, unheard: int) -> set[str]:
    """Returns the episodes that a listener of the checkerboard should be shown first."""
    return {f"{user[0].upper()}{(int(user[1:]) + k) % GROUP}" for k in range(unheard)}
