"""Lists from factors: order, what is left out, and the heard episode that each reason may name."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend import als, numpy_als
from podrec_assets.recommend.als import AlsConfig, Factors, confidences, main_causes, top_n
from podrec_assets.recommend.interactions import Interactions
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of

UNIT = AlsConfig(rank=1, regularization=0.5, alpha=1.0, iterations=1, seed=1)


def factors(user: list[list[float]], item: list[list[float]]) -> Factors:
    return Factors(np.array(user, dtype=np.float32), np.array(item, dtype=np.float32))


def shown(lists: list[dict]) -> dict[str, list[tuple[str, float]]]:
    return {d["user_id"]: [(i["episode_id"], i["score"]) for i in d["items"]] for d in lists}


def solved(found: Factors, matrix: csr_matrix, config: AlsConfig) -> np.ndarray:
    """Listeners' factors that are exact for the given episodes' factors, as Spark leaves them."""
    return numpy_als._sweep(confidences(matrix, config.alpha), found.item.astype(np.float64), config.regularization)


def test_items_are_ranked_by_score_and_equal_scores_by_episode_id() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2 e3 e4")
    found = factors([[2.0]], [[0.25], [0.5], [0.25], [1.0], [3.0]])
    document = top_n(found, history, UNIT, 10)[0]
    assert shown([document]) == {"ann": [("e4", 2.0), ("e2", 1.0), ("e1", 0.5), ("e3", 0.5)]}
    assert [i["rank"] for i in document["items"]] == [1, 2, 3, 4]


def test_scores_that_differ_by_less_than_their_digits_are_equal() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2")
    found = factors([[1.0]], [[0.1], [0.1000001], [1.0]])
    assert shown(top_n(found, history, UNIT, 2)) == {"ann": [("e1", 0.1), ("e2", 0.1)]}


def test_heard_and_unliked_episodes_are_left_out_and_skipped_ones_are_not() -> None:
    history = history_of({"ann": {"e1": 1.0, "e2": 0.2, "e3": 0.2}}, heard={"ann": {"e1"}})
    history.unliked["ann"].add("e2")
    assert shown(top_n(factors([[1.0]], [[3.0], [2.0], [1.0]]), history, UNIT, 10)) == {"ann": [("e3", 1.0)]}


def test_no_more_than_n_items_are_listed() -> None:
    history = history_of({"ann": {"e9": 1.0}}, items="e1 e2 e3")
    assert shown(top_n(factors([[1.0]], [[1.0], [2.0], [3.0], [9.0]]), history, UNIT, 2)) == {"ann": [("e3", 3.0), ("e2", 2.0)]}


def test_a_listener_who_heard_everything_has_an_empty_list() -> None:
    assert shown(top_n(factors([[1.0]], [[1.0]]), history_of({"ann": {"e1": 1.0}}), UNIT, 5)) == {"ann": []}


def test_blocks_of_listeners_give_the_lists_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    history = checkerboard(unheard=2)
    found = numpy_als.fit(history.matrix, CONFIG)
    whole = top_n(found, history, CONFIG, 3)
    monkeypatch.setattr(als, "BLOCK", 5)
    assert top_n(found, history, CONFIG, 3) == whole
    assert [d["user_id"] for d in whole] == history.users


def test_the_cause_is_what_contributes_most_by_the_formula_of_the_paper() -> None:
    """Rank 1: what j gives to i is y_i y_j (1 + r_j) / D for one D; here 2 * (1 + 1) = 4 beats 1 * (1 + 2) = 3."""
    matrix = csr_matrix([[2.0, 1.0, 0.0]])
    found = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert main_causes(found, matrix, 0, [2], {0, 1}, UNIT) == [1]
    assert main_causes(found, csr_matrix([[4.0, 1.0, 0.0]]), 0, [2], {0, 1}, UNIT) == [0]


def test_a_skipped_episode_is_never_the_cause_however_much_it_gives() -> None:
    matrix = csr_matrix([[2.0, 1.0, 0.0]])
    found = factors([[1.0]], [[1.0], [2.0], [1.0]])
    assert main_causes(found, matrix, 0, [2], {0}, UNIT) == [0]
    assert main_causes(found, matrix, 0, [2], set(), UNIT) == [None]


def test_what_only_lowers_the_score_is_no_cause() -> None:
    found = factors([[1.0]], [[1.0], [-1.0]])
    assert main_causes(found, csr_matrix([[1.0, 0.0]]), 0, [1], {0}, UNIT) == [None]


def test_a_listener_without_scores_has_no_causes() -> None:
    found = factors([[0.0]], [[1.0], [1.0]])
    assert main_causes(found, csr_matrix((1, 2)), 0, [0, 1], set(), UNIT) == [None, None]


def own_and_other(history: Interactions) -> list[tuple[str, dict]]:
    """Each listener with the first item of the list that factors exact for the episodes give."""
    found = numpy_als.fit(history.matrix, CONFIG)
    lists = top_n(replace(found, user=solved(found, history.matrix, CONFIG)), history, CONFIG, 1)
    return [(d["user_id"], d["items"][0]) for d in lists]


def test_the_reason_is_a_heard_episode_of_the_same_taste() -> None:
    history = checkerboard(unheard=2)
    for user, item in own_and_other(history):
        assert item["because"] in history.seen[user]
        assert item["because"][0] == item["episode_id"][0] == user[0].upper()


def test_without_the_cause_the_score_is_lower() -> None:
    history = checkerboard(unheard=2)
    found = numpy_als.fit(history.matrix, CONFIG)
    for row, (_, item) in enumerate(own_and_other(history)):
        column, cause = (history.items.index(item[name]) for name in ("episode_id", "because"))
        poorer = history.matrix.tolil()
        poorer[row, cause] = 0
        before, after = ((solved(found, m, CONFIG) @ found.item.T)[row, column] for m in (history.matrix, poorer.tocsr()))
        assert round(before, als.DIGITS) == item["score"]
        assert after < before - 0.001


def test_the_cause_counts_the_others_who_heard_both() -> None:
    """e1 and e2 are both heard by bob and cat; dan heard only e2, eve played too little of e2 to have heard it."""
    row = {"e1": 1.0, "e2": 1.0}
    history = history_of(
        {"ann": {"e1": 1.0}, "bob": row, "cat": row, "dan": {"e2": 1.0}, "eve": row},
        heard={"ann": {"e1"}, "bob": {"e1", "e2"}, "cat": {"e1", "e2"}, "dan": {"e2"}, "eve": {"e1"}},
    )
    item = top_n(factors([[1.0]] * 5, [[1.0], [1.0]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e2", "e1", 2)


def test_an_item_without_a_cause_counts_nobody() -> None:
    history = history_of({"ann": {"e1": 1.0}, "bob": {"e1": 1.0, "e2": 1.0}}, heard={"ann": set(), "bob": {"e1", "e2"}})
    item = top_n(factors([[1.0]] * 2, [[1.0], [0.5]]), history, UNIT, 1)[0]["items"][0]
    assert (item["episode_id"], item["because"], item["listener_count"]) == ("e1", None, 0)


def test_confidences_are_alpha_times_the_score_and_leave_the_matrix_alone() -> None:
    matrix = csr_matrix([[0.5, 0.0], [0.0, 3.0]])
    assert confidences(matrix, 2.0).toarray().tolist() == [[1.0, 0.0], [0.0, 6.0]]
    assert matrix.toarray().tolist() == [[0.5, 0.0], [0.0, 3.0]]
