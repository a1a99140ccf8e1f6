"""The reference engine: a sweep is the exact solution of the paper's equation, and taste groups are told apart."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend import numpy_als
from podrec_assets.recommend.als import AlsConfig, top_n
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of, left_out


def objective(matrix: csr_matrix, user: np.ndarray, item: np.ndarray, config: AlsConfig) -> float:
    """What ALS makes small: weighted squared errors over all pairs, and each factor's length times its row's count."""
    dense = matrix.toarray()
    errors = ((1 + config.alpha * dense) * ((dense > 0) - user @ item.T) ** 2).sum()
    counts = (dense > 0).sum(axis=1), (dense > 0).sum(axis=0)
    lengths = (counts[0] * (user**2).sum(axis=1)).sum() + (counts[1] * (item**2).sum(axis=1)).sum()
    return float(errors + config.regularization * lengths)


def test_one_listener_and_one_episode_of_rank_one_solve_the_equation_by_hand() -> None:
    """With x = c y / (c y^2 + l) for c = 1 + 2 * 1 = 3, the last item step is y = 3 x / (3 x^2 + 0.5)."""
    factors = numpy_als.fit(csr_matrix([[1.0]]), AlsConfig(1, regularization=0.5, alpha=2.0, iterations=1, seed=3))
    x, y = float(factors.user[0, 0]), float(factors.item[0, 0])
    start = np.random.default_rng(3).normal(0, 1)
    assert x == pytest.approx(3 * start / (3 * start**2 + 0.5), rel=1e-5)
    assert y == pytest.approx(3 * x / (3 * x**2 + 0.5), rel=1e-5)


def test_the_regularisation_grows_with_the_count_of_a_row() -> None:
    """Two equal episodes: x = 2 c y / (2 c y^2 + 2 l), the x of one episode, where an unscaled l would give a longer x."""
    config = AlsConfig(1, regularization=1.0, alpha=1.0, iterations=200, seed=1)
    one, two = (numpy_als.fit(csr_matrix([[1.0] * n]), config) for n in (1, 2))
    for factors, n in ((one, 1), (two, 2)):
        x, y = float(factors.user[0, 0]), float(factors.item[0, 0])
        assert x == pytest.approx(n * 2 * y / (n * 2 * y**2 + n * 1.0), rel=1e-4)


def test_every_sweep_lowers_the_objective() -> None:
    history = checkerboard(unheard=2)
    values = []
    for sweeps in (1, 2, 4, 8):
        factors = numpy_als.fit(history.matrix, replace(CONFIG, iterations=sweeps))
        values.append(objective(history.matrix, factors.user, factors.item, CONFIG))
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.01 * values[-1]


def test_no_single_episode_factor_can_be_bettered() -> None:
    history = checkerboard(unheard=2)
    factors = numpy_als.fit(history.matrix, CONFIG)
    best = objective(history.matrix, factors.user, factors.item, CONFIG)
    for j in range(len(history.items)):
        for nudge in (-0.05, 0.05):
            moved = factors.item.copy()
            moved[j, j % CONFIG.rank] += nudge
            assert objective(history.matrix, factors.user, moved, CONFIG) > best


def test_the_planted_unheard_episode_comes_first() -> None:
    history = checkerboard(unheard=1)
    lists = top_n(numpy_als.fit(history.matrix, CONFIG), history, CONFIG, 3)
    assert {d["user_id"]: d["items"][0]["episode_id"] for d in lists} == {u: left_out(u, 1).pop() for u in history.users}


def test_the_first_three_are_the_three_unheard_of_the_own_group() -> None:
    history = checkerboard(unheard=3)
    lists = top_n(numpy_als.fit(history.matrix, CONFIG), history, CONFIG, 3)
    assert {d["user_id"]: {i["episode_id"] for i in d["items"]} for d in lists} == {u: left_out(u, 3) for u in history.users}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    matrix = checkerboard(unheard=2).matrix
    first, again = numpy_als.fit(matrix, CONFIG), numpy_als.fit(matrix, CONFIG)
    other = numpy_als.fit(matrix, replace(CONFIG, seed=8))
    assert (first.user.tobytes(), first.item.tobytes()) == (again.user.tobytes(), again.item.tobytes())
    assert first.item.tobytes() != other.item.tobytes()


def test_rows_and_columns_without_interactions_get_zeros() -> None:
    history = history_of({"ann": {"e1": 1.0}, "nobody": {}}, items="never")
    factors = numpy_als.fit(history.matrix, CONFIG)
    assert factors.user[1].tolist() == [0.0] * CONFIG.rank
    assert factors.item[history.items.index("never")].tolist() == [0.0] * CONFIG.rank
    assert float(factors.user[0] @ factors.item[0]) == pytest.approx(1.0, abs=0.1)
