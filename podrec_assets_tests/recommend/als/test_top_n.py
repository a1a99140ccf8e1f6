"""Lists from factors: order, what is left out, and the heard episode that each reason may name."""

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


def lists_of(found: Factors, history: Interactions, config: AlsConfig, n: int) -> list[dict]:
    return list(top_n.top_n(found, history, config, n))


def shown(lists: list[dict]) -> dict[str, list[tuple[str, float]]]:
    return {d["user_id"]: [(i["episode_id"], i["score"]) for i in d["items"]] for d in lists}


def causes(
    found: Factors, scores: list[float], items: list[int], nameable: list[bool]
) -> list[int]:
    """main_causes of one listener, whose scores are all stored; -1 where none contributes."""
    stored = csr_matrix([scores])
    return main_causes(
        found, stored, 0, np.array(items), np.array(nameable, dtype=bool), UNIT
    ).tolist()


def test_items_are_ranked_by_score_and_equal_scores_by_episode_id() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2 e3 e4")
    found = factors([[2.0]], [[0.25], [0.5], [0.25], [1.0], [3.0]])
    document = lists_of(found, history, UNIT, 10)[0]
    assert shown([document]) == {"ann": [("e4", 2.0), ("e2", 1.0), ("e1", 0.5), ("e3", 0.5)]}
    assert [i["rank"] for i in document["items"]] == [1, 2, 3, 4]


def test_scores_that_differ_by_less_than_their_digits_are_equal() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2")
    found = factors([[1.0]], [[0.1], [0.1000001], [1.0]])
    assert shown(lists_of(found, history, UNIT, 1)) == {"ann": [("e1", 0.1)]}


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


def test_whom_or_what_nothing_was_learned_about_is_in_no_list() -> None:
    history = history_of({"ann": {"e9": 1.0}, "nobody": {}}, items="e1 e2")
    found = factors([[1.0], [0.0]], [[0.0], [-0.5], [1.0]])
    assert shown(lists_of(found, history, UNIT, 5)) == {"ann": [("e2", -0.5)], "nobody": []}


def test_blocks_of_listeners_give_the_lists_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    history = checkerboard(unheard=2)
    found = reference.fit(history.matrix, CONFIG)
    whole = lists_of(found, history, CONFIG, 3)
    monkeypatch.setattr(top_n, "BLOCK_SCORES", 5 * len(history.items))
    assert lists_of(found, history, CONFIG, 3) == whole
    assert [d["user_id"] for d in whole] == history.users


def test_the_blocked_product_gives_what_sorting_every_exact_score_gives() -> None:
    """Many equal scores around the last place, and excluded items: the case that a partition gets
    wrong.
    """
    random = np.random.default_rng(1)
    found = Factors(
        *(random.integers(-3, 4, (size, 4)).astype(np.float32) / 7 for size in (50, 300))
    )
    excluded = random.random((50, 300)) < 0.3
    (_, *_), *blocks = best_items(found, csr_matrix(excluded.astype(np.int32)), 20)
    mine = {u: [] for u in range(50)}
    for users, items, scores in blocks:
        for u, i, s in zip(users.tolist(), items.tolist(), scores.tolist(), strict=True):
            mine[u].append((i, s))
    exact = np.round(found.user.astype(np.float64) @ found.item.T.astype(np.float64), DIGITS)
    live = found.item.any(axis=1)
    for u in range(50):
        order = [
            i for i in np.lexsort((np.arange(300), -exact[u])) if live[i] and not excluded[u, i]
        ][:20]
        assert mine[u] == ([(i, exact[u, i]) for i in order] if found.user[u].any() else [])


def test_the_cause_is_what_contributes_most_by_the_formula_of_the_paper() -> None:
    """Rank 1: what j gives to i is y_i y_j (1 + r_j) / D for one D; here 2 * (1 + 1) = 4 beats 1 *
    (1 + 2) = 3.
    """
    found = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert causes(found, [2.0, 1.0, 0.0], [2], [True, True]) == [1]
    assert causes(found, [4.0, 1.0, 0.0], [2], [True, True]) == [0]


def test_a_skipped_episode_is_never_the_cause_however_much_it_gives() -> None:
    found = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert causes(found, [2.0, 1.0, 0.0], [2], [True, False]) == [0]
    assert causes(found, [2.0, 1.0, 0.0], [2], [False, False]) == [-1]


def test_what_only_lowers_the_score_is_no_cause() -> None:
    assert causes(factors([[1.0]], [[1.0], [-1.0]]), [1.0, 0.0], [1], [True]) == [-1]


def test_a_listener_without_scores_has_no_causes() -> None:
    assert causes(factors([[0.0]], [[1.0], [1.0]]), [0.0, 0.0], [0, 1], []) == [-1, -1]


def own_and_other(history: Interactions) -> list[tuple[str, dict]]:
    """Each listener with the first item of the list."""
    lists = lists_of(reference.fit(history.matrix, CONFIG), history, CONFIG, 1)
    return [(d["user_id"], d["items"][0]) for d in lists]


def test_the_reason_is_a_heard_episode_of_the_same_taste() -> None:
    history = checkerboard(unheard=2)
    for user, item in own_and_other(history):
        assert item["because"] in history.seen[user]
        assert item["because"][0] == item["episode_id"][0] == user[0].upper()


def test_without_the_cause_the_score_is_lower() -> None:
    """Also that the lists' own scores are exact for the episodes' factors: the sum that the cause
    is a part of.
    """
    history = checkerboard(unheard=2)
    found = reference.fit(history.matrix, CONFIG)
    for row, (_, item) in enumerate(own_and_other(history)):
        column, cause = (history.items.index(item[name]) for name in ("episode_id", "because"))
        poorer = history.matrix.tolil()
        poorer[row, cause] = 0
        extra = confidences(poorer.tocsr(), CONFIG.alpha)
        extra.eliminate_zeros()
        after = (
            reference.sweep(extra, found.item.astype(np.float64), CONFIG.regularization)[row]
            @ found.item[column]
        )
        assert after < item["score"] - 0.001


def test_the_cause_counts_the_others_who_heard_both() -> None:
    """e1 and e2 are both heard by bob and cat; dan heard only e2, eve played too little of e2 to
    have heard it.
    """
    row = {"e1": 1.0, "e2": 1.0}
    history = history_of(
        {"ann": {"e1": 1.0}, "bob": row, "cat": row, "dan": {"e2": 1.0}, "eve": row},
        heard={
            "ann": {"e1"},
            "bob": {"e1", "e2"},
            "cat": {"e1", "e2"},
            "dan": {"e2"},
            "eve": {"e1"},
        },
    )
    item = lists_of(factors([[1.0]] * 5, [[1.0], [1.0]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e2", "e1", 2)


def test_an_item_without_a_cause_counts_nobody() -> None:
    history = history_of(
        {"ann": {"e1": 1.0}, "bob": {"e1": 1.0, "e2": 1.0}},
        heard={"ann": set(), "bob": {"e1", "e2"}},
    )
    item = lists_of(factors([[1.0]] * 2, [[1.0], [0.5]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e1", None, 0)


def test_co_listeners_are_counted_as_by_sets_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_n, "BLOCK_SCORES", 40)
    random = np.random.default_rng(2)
    seen = random.random((30, 12)) < 0.4
    one, other = random.integers(0, 12, 50), random.integers(-1, 12, 50)
    wanted = [
        int((seen[:, a] & seen[:, b]).sum()) if b >= 0 else 0
        for a, b in zip(one, other, strict=True)
    ]
    assert co_listeners(csr_matrix(seen.astype(np.int32)), one, other).tolist() == wanted
