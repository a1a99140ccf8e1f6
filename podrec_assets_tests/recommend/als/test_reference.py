"""The reference engine solves the equation of the paper exactly and lowers the objective.

What all engines have in common is tested in test_als_engines.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als import reference
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard


def objective(matrix: csr_matrix, user: np.ndarray, item: np.ndarray, config: AlsConfig) -> float:
    """Returns the objective of ALS as stated in `factors`."""
    dense = matrix.toarray()
    errors = ((1 + config.alpha * dense) * ((dense > 0) - user @ item.T) ** 2).sum()
    counts = (dense > 0).sum(axis=1), (dense > 0).sum(axis=0)
    lengths = (counts[0] * (user**2).sum(axis=1)).sum() + (counts[1] * (item**2).sum(axis=1)).sum()
    return float(errors + config.regularization * lengths)


def test_one_listener_and_one_episode_of_rank_one_match_the_solution_by_hand() -> None:
    """By hand x = c y / (c y^2 + lambda), here 3 y / (3 y^2 + 0.5) with c = 1 + 2 * 1."""
    factors = reference.fit(
        csr_matrix([[1.0]]), AlsConfig(1, regularization=0.5, alpha=2.0, iterations=1, seed=3)
    )
    x, y = float(factors.user[0, 0]), float(factors.item[0, 0])
    start = np.random.default_rng(3).normal(0, 1)
    assert y == pytest.approx(3 * start / (3 * start**2 + 0.5), rel=1e-5)
    assert x == pytest.approx(3 * y / (3 * y**2 + 0.5), rel=1e-5)


def test_the_regularisation_grows_with_the_number_of_scores_in_a_row() -> None:
    """Two equal episodes: x = 2 c y / (2 c y^2 + 2 lambda), as with one episode.

    With an unscaled lambda, x would be larger.
    """
    config = AlsConfig(1, regularization=1.0, alpha=1.0, iterations=200, seed=1)
    one, two = (reference.fit(csr_matrix([[1.0] * n]), config) for n in (1, 2))
    for factors, n in ((one, 1), (two, 2)):
        x, y = float(factors.user[0, 0]), float(factors.item[0, 0])
        assert x == pytest.approx(n * 2 * y / (n * 2 * y**2 + n * 1.0), rel=1e-4)


def test_every_sweep_lowers_the_objective() -> None:
    history = checkerboard(unheard=2)
    values = []
    for sweeps in (1, 2, 4, 8):
        factors = reference.fit(history.matrix, replace(CONFIG, iterations=sweeps))
        values.append(objective(history.matrix, factors.user, factors.item, CONFIG))
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.01 * values[-1]


def test_no_change_of_a_listener_factor_lowers_the_objective() -> None:
    history = checkerboard(unheard=2)
    factors = reference.fit(history.matrix, CONFIG)
    best = objective(history.matrix, factors.user, factors.item, CONFIG)
    for u in range(len(history.users)):
        for nudge in (-0.05, 0.05):
            moved = factors.user.copy()
            moved[u, u % CONFIG.rank] += nudge
            assert objective(history.matrix, moved, factors.item, CONFIG) > best
