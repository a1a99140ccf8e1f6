"""One suite for every ALS engine: the same objective, result shape and bytes.

On planted tastes and on published ratings.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.errors import SettingsError
from podrec_assets.recommend.als import implicit, reference, spark
from podrec_assets.recommend.als.factors import AlsConfig, Factors, confidences
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.evaluation import metrics, offline
from podrec_assets.recommend.evaluation.rating_files import read_ratings
from podrec_assets.recommend.evaluation.splits import held_out
from podrec_assets.settings import Settings
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of, left_out

pytestmark = pytest.mark.slow

Fit = Callable[[csr_matrix, AlsConfig], Factors]
UNEVEN = csr_matrix(np.triu(np.arange(1.0, 13)[:, None] % 3 + 1.0 + np.zeros((12, 9))))
"""Rows and columns of different lengths, which would show a wrong scaling of the regularisation;
the last rows are empty.
"""

BOARD = checkerboard(unheard=3)


@pytest.fixture(
    params=["oracle", "implicit", pytest.param("spark", marks=pytest.mark.services)], scope="module"
)
def fit(request: pytest.FixtureRequest) -> Fit:
    if request.param == "spark":
        session = request.getfixturevalue("spark")
        return lambda matrix, config: spark.fit(session, matrix, config)
    return {"oracle": reference.fit, "implicit": implicit.fit}[request.param]


@pytest.fixture(scope="module")
def fitted(fit: Fit) -> Factors:
    return fit(BOARD.matrix, CONFIG)


def test_the_unheard_episodes_of_the_own_taste_come_first(fitted: Factors) -> None:
    lists = top_n(fitted, BOARD, CONFIG, 3)
    assert {d["user_id"]: {i["episode_id"] for i in d["items"]} for d in lists} == {
        u: left_out(u, 3) for u in BOARD.users
    }


def test_these_fits_use_as_many_iterations_as_settings_allow() -> None:
    """Spark's plan grows with each iteration; with 30 its stack overflowed."""
    with pytest.raises(SettingsError, match="PODREC_ALS_ITERATIONS"):
        Settings.load(als_iterations=CONFIG.iterations + 1)
    assert Settings.load(als_iterations=CONFIG.iterations).als_iterations == CONFIG.iterations


def test_planted_low_rank_tastes_are_recovered(fit: Fit) -> None:
    """Listeners mix two tastes; held-out liked episodes score above those they do not like."""
    random = np.random.default_rng(3)
    liking = random.dirichlet((0.4, 0.4), 60) @ random.dirichlet((0.4, 0.4), 40).T
    likes = liking > np.quantile(liking, 0.6, axis=1)[:, None]
    known = likes & (random.random(likes.shape) < 0.7)
    factors = fit(csr_matrix(known * liking), replace(CONFIG, rank=3))
    scores = factors.user @ factors.item.T
    left = [
        (scores[u][likes[u] & ~known[u]][:, None] > scores[u][~likes[u]]).mean() for u in range(60)
    ]
    assert np.nanmean(left) > 0.85


def test_listeners_are_the_exact_solution_for_the_episodes(fit: Fit) -> None:
    """With c = 1 + alpha * r, and lambda times the number of scores, for rows of any length."""
    factors, extra = fit(UNEVEN, CONFIG), confidences(UNEVEN, CONFIG.alpha)
    exact, doubled = (
        reference.sweep(extra, factors.item.astype(np.float64), n * CONFIG.regularization)
        for n in (1, 2)
    )
    assert np.abs(exact - factors.user).max() < 1e-3
    assert np.abs(doubled - factors.user).max() > 1e-2


def test_scores_match_those_of_the_oracle(fitted: Factors) -> None:
    oracle = reference.fit(BOARD.matrix, CONFIG)
    assert np.abs(fitted.user @ fitted.item.T - oracle.user @ oracle.item.T).max() < 0.02


def test_a_higher_alpha_fits_heard_episodes_more_closely(fit: Fit, fitted: Factors) -> None:
    heard, low = BOARD.matrix.toarray() > 0, fit(BOARD.matrix, replace(CONFIG, alpha=0.1))
    assert (fitted.user @ fitted.item.T)[heard].mean() > (low.user @ low.item.T)[
        heard
    ].mean() + 0.05


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    fit: Fit, fitted: Factors
) -> None:
    again, other = (
        fit(BOARD.matrix, replace(CONFIG, seed=seed)) for seed in (CONFIG.seed, CONFIG.seed + 1)
    )
    assert (fitted.user.tobytes(), fitted.item.tobytes()) == (
        again.user.tobytes(),
        again.item.tobytes(),
    )
    assert fitted.item.tobytes() != other.item.tobytes()


def test_rows_and_columns_without_scores_get_zeros_and_the_matrix_is_unchanged(
    fit: Fit,
) -> None:
    history = history_of(
        {"ann": {"e1": 1.0, "e2": 0.5}, "nobody": {}, "zoe": {"e2": 1.0}}, items="never"
    )
    before = history.matrix.toarray().copy()
    factors = fit(history.matrix, CONFIG)
    assert (factors.user.shape, factors.item.shape) == ((3, 2), (3, 2))
    assert (factors.user.dtype, factors.item.dtype) == (np.float32, np.float32)
    assert factors.user[1].tolist() == [0.0, 0.0]
    assert factors.item[history.items.index("never")].tolist() == [0.0, 0.0]
    assert history.matrix.toarray().tolist() == before.tolist()


def test_a_single_listener_is_fitted(fit: Fit) -> None:
    factors = fit(csr_matrix([[1.0, 2.0, 0.0]]), CONFIG)
    assert (factors.user @ factors.item.T)[0] == pytest.approx([0.9, 0.95, 0.0], abs=0.1)


@pytest.mark.parametrize("shape", [(0, 0), (3, 2)], ids=["nobody", "no scores"])
def test_without_scores_factors_are_zero_and_lists_empty(fit: Fit, shape: tuple[int, int]) -> None:
    factors = fit(csr_matrix(shape), CONFIG)
    assert (factors.user.tolist(), factors.item.tolist()) == (
        np.zeros((shape[0], 2)).tolist(),
        np.zeros((shape[1], 2)).tolist(),
    )
    silent = history_of({f"u{n}": {} for n in range(3)}, items="e1 e2")
    assert [d["items"] for d in top_n(fit(silent.matrix, CONFIG), silent, CONFIG, 5)] == [
        [],
        [],
        [],
    ]


def test_published_ratings_are_ranked_like_the_oracle_ranks_them(
    fit: Fit, shared_data: Path
) -> None:
    """Lists of 300 MovieLens users overlap as much as those of two seeds of the oracle.

    nDCG differs within noise.
    """
    ratings = read_ratings(shared_data / "ratings" / "ml-100k.inter.gz", "ml-100k")
    held = held_out(ratings, "random", 1, 0.25)
    train, test = (ratings.matrix(mask)[:300] for mask in (~held, held))
    config = AlsConfig(rank=12, regularization=0.1, alpha=2.0, iterations=8, seed=1)
    users = range(300)

    def lists(factors: Factors) -> dict[int, list[int]]:
        ((_, items),) = offline.ranked(
            offline.als_scorer(factors, train), train, np.array(users), 10
        )
        return dict(zip(users, items.tolist(), strict=True))

    def overlap(one: dict[int, list[int]], other: dict[int, list[int]]) -> float:
        return float(np.mean([len(set(one[u]) & set(other[u])) / 10 for u in users]))

    engine, oracle, reseeded = (
        lists(f)
        for f in (
            fit(train, config),
            reference.fit(train, config),
            reference.fit(train, replace(config, seed=2)),
        )
    )
    assert overlap(engine, oracle) > overlap(oracle, reseeded) - 0.05 > 0.5
    wanted = {u: set(test[u].indices.tolist()) for u in users}
    gain = [
        metrics.ndcg_at_k(engine[u], wanted[u], 10) - metrics.ndcg_at_k(oracle[u], wanted[u], 10)
        for u in users
    ]
    low, high = metrics.bootstrap_interval(gain, 1)
    assert low < 0.01
    assert high > -0.01
