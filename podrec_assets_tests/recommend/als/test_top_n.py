"""Lists from factors: their order, what they leave out, and the cause of each item."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als import reference, top_n
from podrec_assets.recommend.als.factors import AlsConfig, Factors, confidences
from podrec_assets.recommend.als.top_n import DIGITS, best_items, co_listeners, main_causes
from podrec_assets.recommend.interactions import Interactions
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of

UNIT = AlsConfig(rank=1, regularization=0.5, alpha=1.0, iterations=1, seed=1)


def factors(user: list[list[float]], item: list[list[float]]) -> Factors:
    return Factors(np.array(user, dtype=np.float32), np.array(item, dtype=np.float32))


def lists_of(fitted: Factors, history: Interactions, config: AlsConfig, n: int) -> list[dict]:
    return list(top_n.top_n(fitted, history, config, n))


def shown(lists: list[dict]) -> dict[str, list[tuple[str, float]]]:
    return {d["user_id"]: [(i["episode_id"], i["score"]) for i in d["items"]] for d in lists}


def causes(
    fitted: Factors, scores: list[float], items: list[int], nameable: list[bool]
) -> list[int]:
    """main_causes of a single listener with all scores stored, even zeros."""
    stored = csr_matrix([scores])
    return main_causes(
        fitted, stored, 0, np.array(items), np.array(nameable, dtype=bool), UNIT
    ).tolist()


def test_items_are_ranked_by_score_and_equal_scores_by_episode_id() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2 e3 e4")
    fitted = factors([[2.0]], [[0.25], [0.5], [0.25], [1.0], [3.0]])
    document = lists_of(fitted, history, UNIT, 10)[0]
    assert shown([document]) == {"ann": [("e4", 2.0), ("e2", 1.0), ("e1", 0.5), ("e3", 0.5)]}
    assert [i["rank"] for i in document["items"]] == [1, 2, 3, 4]


def test_scores_that_are_equal_when_rounded_are_ties() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2")
    fitted = factors([[1.0]], [[0.1], [0.1000001], [1.0]])
    assert shown(lists_of(fitted, history, UNIT, 1)) == {"ann": [("e1", 0.1)]}


def test_heard_and_unliked_episodes_are_left_out_and_skipped_ones_are_not() -> None:
    history = history_of({"ann": {"e1": 1.0, "e2": 0.2, "e3": 0.2}}, heard={"ann": {"e1"}})
    history.unliked["ann"].add("e2")
    assert shown(lists_of(factors([[1.0]], [[3.0], [2.0], [1.0]]), history, UNIT, 10)) == {
        "ann": [("e3", 1.0)]
    }


def test_no_more_than_n_items_are_listed() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2 e3")
    assert shown(lists_of(factors([[1.0]], [[1.0], [2.0], [3.0], [9.0]]), history, UNIT, 2)) == {
        "ann": [("e3", 3.0), ("e2", 2.0)]
    }


def test_a_listener_who_heard_everything_has_an_empty_list() -> None:
    assert shown(
        lists_of(factors([[1.0]], [[1.0]]), history_of({"ann": {"e1": 1.0}}), UNIT, 5)
    ) == {"ann": []}


def test_listeners_and_episodes_without_factors_are_in_no_list() -> None:
    history = history_of({"ann": {"e9": 1.0}, "nobody": {}}, items="e1 e2")
    fitted = factors([[1.0], [0.0]], [[0.0], [-0.5], [1.0]])
    assert shown(lists_of(fitted, history, UNIT, 5)) == {"ann": [("e2", -0.5)], "nobody": []}


def test_several_blocks_give_the_same_lists_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    history = checkerboard(unheard=2)
    fitted = reference.fit(history.matrix, CONFIG)
    whole = lists_of(fitted, history, CONFIG, 3)
    monkeypatch.setattr(top_n, "BLOCK_SCORES", 5 * len(history.items))
    assert lists_of(fitted, history, CONFIG, 3) == whole
    assert [d["user_id"] for d in whole] == history.users


def test_the_blocked_product_gives_the_same_as_sorting_all_exact_scores() -> None:
    """Many ties around the last place, and excluded items: where a partition is easily wrong."""
    random = np.random.default_rng(1)
    fitted = Factors(
        *(random.integers(-3, 4, (size, 4)).astype(np.float32) / 7 for size in (50, 300))
    )
    excluded = random.random((50, 300)) < 0.3
    (_, *_), *blocks = best_items(fitted, csr_matrix(excluded.astype(np.int32)), 20)
    lists: dict[int, list] = {u: [] for u in range(50)}
    for users, items, scores in blocks:
        for u, i, s in zip(users.tolist(), items.tolist(), scores.tolist(), strict=True):
            lists[u].append((i, s))
    exact = np.round(fitted.user.astype(np.float64) @ fitted.item.T.astype(np.float64), DIGITS)
    has_factors = np.asarray(fitted.item.any(axis=1))
    for u in range(50):
        order = [
            i
            for i in np.lexsort((np.arange(300), -exact[u]))
            if has_factors[i] and not excluded[u, i]
        ][:20]
        assert lists[u] == ([(i, exact[u, i]) for i in order] if fitted.user[u].any() else [])


def test_the_cause_contributes_most_by_the_formula_of_the_paper() -> None:
    """With rank 1, j contributes y_i y_j (1 + r_j) / D to i, with a common D.

    Here 2 * (1 + 1) = 4 is more than 1 * (1 + 2) = 3.
    """
    fitted = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert causes(fitted, [2.0, 1.0, 0.0], [2], [True, True]) == [1]
    assert causes(fitted, [4.0, 1.0, 0.0], [2], [True, True]) == [0]


def test_a_skipped_episode_is_never_the_cause_however_much_it_contributes() -> None:
    fitted = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert causes(fitted, [2.0, 1.0, 0.0], [2], [True, False]) == [0]
    assert causes(fitted, [2.0, 1.0, 0.0], [2], [False, False]) == [-1]


def test_an_episode_that_lowers_the_score_is_no_cause() -> None:
    assert causes(factors([[1.0]], [[1.0], [-1.0]]), [1.0, 0.0], [1], [True]) == [-1]


def test_a_listener_without_scores_has_no_causes() -> None:
    assert causes(factors([[0.0]], [[1.0], [1.0]]), [0.0, 0.0], [0, 1], []) == [-1, -1]


def first_items(history: Interactions) -> list[tuple[str, dict]]:
    """Each listener with the first item of their list."""
    lists = lists_of(reference.fit(history.matrix, CONFIG), history, CONFIG, 1)
    return [(d["user_id"], d["items"][0]) for d in lists]


def test_the_cause_is_a_heard_episode_of_the_same_taste() -> None:
    history = checkerboard(unheard=2)
    for user, item in first_items(history):
        assert item["because"] in history.seen[user]
        assert item["because"][0] == item["episode_id"][0] == user[0].upper()


def test_without_the_cause_the_score_is_lower() -> None:
    """So list scores are exact for the episodes' factors: they are the sum the cause is part of."""
    history = checkerboard(unheard=2)
    fitted = reference.fit(history.matrix, CONFIG)
    for row, (_, item) in enumerate(first_items(history)):
        column, cause = (history.items.index(item[name]) for name in ("episode_id", "because"))
        without = history.matrix.tolil()
        without[row, cause] = 0
        extra = confidences(without.tocsr(), CONFIG.alpha)
        extra.eliminate_zeros()
        after = (
            reference.sweep(extra, fitted.item.astype(np.float64), CONFIG.regularization)[row]
            @ fitted.item[column]
        )
        assert after < item["score"] - 0.001


def test_listener_count_is_the_number_of_others_who_played_both() -> None:
    """Bob and cat played e1 and e2, dan only e2, eve too little of e2; fay only liked it."""
    row = {"e1": 1.0, "e2": 1.0}
    history = history_of(
        {"ann": {"e1": 1.0}, "bob": row, "cat": row, "dan": {"e2": 1.0}, "eve": row, "fay": row},
        heard={
            "ann": {"e1"},
            "bob": {"e1", "e2"},
            "cat": {"e1", "e2"},
            "dan": {"e2"},
            "eve": {"e1"},
            "fay": {"e1", "e2"},
        },
    )
    history.unplayed["fay"] = {"e2"}
    item = lists_of(factors([[1.0]] * 6, [[1.0], [1.0]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e2", "e1", 2)


def test_an_item_without_a_cause_has_a_listener_count_of_zero() -> None:
    history = history_of(
        {"ann": {"e1": 1.0}, "bob": {"e1": 1.0, "e2": 1.0}},
        heard={"ann": set(), "bob": {"e1", "e2"}},
    )
    item = lists_of(factors([[1.0]] * 2, [[1.0], [0.5]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e1", None, 0)


def test_co_listeners_are_counted_correctly_in_blocks_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(top_n, "BLOCK_SCORES", 40)
    random = np.random.default_rng(2)
    seen = random.random((30, 12)) < 0.4
    one, other = random.integers(0, 12, 50), random.integers(-1, 12, 50)
    wanted = [
        int((seen[:, a] & seen[:, b]).sum()) if b >= 0 else 0
        for a, b in zip(one, other, strict=True)
    ]
    assert co_listeners(csr_matrix(seen.astype(np.int32)), one, other).tolist() == wanted
