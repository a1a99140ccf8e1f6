"""The one-machine engine: it ranks as the reference engine does, and repeats itself to the byte."""

from dataclasses import replace

import numpy as np
import pytest

from podrec_assets.recommend import implicit_als, numpy_als
from podrec_assets.recommend.als import top_n
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of, left_out


def test_the_planted_unheard_episode_comes_first() -> None:
    history = checkerboard(unheard=1)
    lists = top_n(implicit_als.fit(history.matrix, CONFIG), history, CONFIG, 3)
    assert {d["user_id"]: d["items"][0]["episode_id"] for d in lists} == {u: left_out(u, 1).pop() for u in history.users}


def test_the_first_three_are_those_of_the_reference_engine() -> None:
    history = checkerboard(unheard=3)
    mine, reference = (
        {
            d["user_id"]: {i["episode_id"] for i in d["items"]}
            for d in top_n(engine.fit(history.matrix, CONFIG), history, CONFIG, 3)
        }
        for engine in (implicit_als, numpy_als)
    )
    assert mine == reference
    assert mine["a4"] == {"A4", "A5", "A0"}


def test_scores_of_own_and_other_group_are_those_of_the_reference_engine() -> None:
    history = checkerboard(unheard=2)
    mine, reference = (
        factors.user @ factors.item.T for factors in (e.fit(history.matrix, CONFIG) for e in (implicit_als, numpy_als))
    )
    assert np.abs(mine - reference).max() < 0.05


def test_the_last_sweep_is_the_exact_solution_of_the_reference_engine() -> None:
    """The same c = 1 + alpha * r, and where all rows have one length the same regularisation."""
    history = checkerboard(unheard=2)
    factors = implicit_als.fit(history.matrix, CONFIG)
    extra = (CONFIG.alpha * history.matrix).T.tocsr()
    solved = numpy_als._sweep(extra, factors.user.astype(np.float64), CONFIG.regularization)
    assert np.abs(solved - factors.item).max() < 1e-4


def test_a_higher_alpha_trusts_what_was_heard_more() -> None:
    history = checkerboard(unheard=2)
    heard = history.matrix.toarray() > 0
    timid, bold = (implicit_als.fit(history.matrix, replace(CONFIG, alpha=a)) for a in (0.1, 20.0))
    assert (bold.user @ bold.item.T)[heard].mean() > (timid.user @ timid.item.T)[heard].mean() + 0.05


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    matrix = checkerboard(unheard=2).matrix
    first, again = implicit_als.fit(matrix, CONFIG), implicit_als.fit(matrix, CONFIG)
    other = implicit_als.fit(matrix, replace(CONFIG, seed=8))
    assert (first.user.tobytes(), first.item.tobytes()) == (again.user.tobytes(), again.item.tobytes())
    assert first.item.tobytes() != other.item.tobytes()


def test_factors_have_the_shape_of_the_contract_and_the_matrix_is_left_as_it_was() -> None:
    history = history_of({"ann": {"e1": 1.0, "e2": 0.5}, "bob": {"e2": 1.0}, "nobody": {}}, items="never")
    before = history.matrix.toarray().copy()
    factors = implicit_als.fit(history.matrix, CONFIG)
    assert (factors.user.shape, factors.item.shape) == ((3, 2), (3, 2))
    assert (factors.user.dtype, factors.item.dtype) == (np.float32, np.float32)
    assert history.matrix.toarray().tolist() == before.tolist()
    assert factors.user[history.users.index("nobody")] == pytest.approx(np.zeros(2), abs=1e-6)
