"""Ranking metrics against values computed by hand."""

import numpy as np
import pytest

from podrec_assets.recommend.evaluation.metrics import (
    bootstrap_interval,
    coverage,
    ndcg_at_k,
    recall_at_k,
)

SECOND, THIRD = 1 / np.log2(3), 0.5
"""Gains of ranks 2 and 3; rank 1 gives 1."""


@pytest.mark.parametrize(
    ("ranked", "relevant", "k", "expected"),
    [
        (["a", "b", "c"], {"a"}, 3, 1.0),
        (["a", "b", "c"], {"b"}, 3, SECOND),
        (["a", "b", "c"], {"c"}, 3, THIRD),
        (["a", "b", "c"], {"c"}, 2, 0.0),
        (["a", "b", "c"], {"a", "c"}, 3, (1 + THIRD) / (1 + SECOND)),
        (["c", "b", "a"], {"a", "b", "c"}, 3, 1.0),
        (["a"], {"a", "b"}, 10, 1 / (1 + SECOND)),
        (["a", "b"], {"a", "b", "c", "d"}, 2, 1.0),
        (["a"], set(), 3, 0.0),
        ([], {"a"}, 3, 0.0),
    ],
)
def test_ndcg_is_the_discounted_gain_over_the_best_possible(
    ranked: list[str], relevant: set[str], k: int, expected: float
) -> None:
    assert ndcg_at_k(ranked, relevant, k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("relevant", "k", "expected"),
    [
        ({"a", "d"}, 3, 0.5),
        ({"a", "d"}, 4, 1.0),
        ({"b"}, 1, 0.0),
        ({"x", "y", "a"}, 4, 1 / 3),
        (set(), 4, 0.0),
    ],
)
def test_recall_is_the_share_of_relevant_items_within_the_first_k(
    relevant: set[str], k: int, expected: float
) -> None:
    assert recall_at_k(["a", "b", "c", "d"], relevant, k) == pytest.approx(expected)


def test_coverage_counts_each_item_of_the_first_k_once() -> None:
    lists = [["a", "b", "c"], ["a", "d"], []]
    assert coverage(lists, 2, 8) == pytest.approx(3 / 8)
    assert coverage(lists, 3, 8) == pytest.approx(4 / 8)


def test_coverage_of_an_empty_catalogue_is_zero() -> None:
    assert coverage([[]], 3, 0) == 0.0


def test_the_bootstrap_interval_of_many_values_matches_the_normal_distribution() -> None:
    """The mean of 100 coins has a standard deviation of 0.05; 95 % lie within 1.96 of those."""
    low, high = bootstrap_interval([0.0] * 50 + [1.0] * 50, 7, rounds=5000)
    assert low == pytest.approx(0.5 - 0.098, abs=0.012)
    assert high == pytest.approx(0.5 + 0.098, abs=0.012)


def test_the_bootstrap_interval_contains_the_mean() -> None:
    values = [0.0] * 9 + [1.0]
    low, high = bootstrap_interval(values, 3)
    assert 0.0 <= low < 0.1 < high < 0.5


def test_the_bootstrap_interval_narrows_with_the_root_of_the_sample_size() -> None:
    few, many = (bootstrap_interval([0.0, 1.0] * n, 7, rounds=2000) for n in (25, 400))
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4.0, rel=0.2)


def test_the_same_seed_gives_the_same_interval_and_another_seed_does_not() -> None:
    values = [n / 100 for n in range(100)]
    assert bootstrap_interval(values, 7) == bootstrap_interval(values, 7)
    assert bootstrap_interval(values, 7) != bootstrap_interval(values, 8)


def test_equal_values_and_a_single_one_have_an_interval_of_no_width() -> None:
    assert bootstrap_interval([0.25, 0.25, 0.25], 1) == (0.25, 0.25)
    assert bootstrap_interval([0.25], 1) == (0.25, 0.25)
