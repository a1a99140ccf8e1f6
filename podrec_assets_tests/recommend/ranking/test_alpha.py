"""Alpha by history length."""

import pytest

from podrec_assets.recommend.ranking.alpha import alpha_for, bucket_of


@pytest.mark.parametrize(
    ("count", "bucket"),
    [(0, "0"), (1, "1-4"), (4, "1-4"), (5, "5-19"), (19, "5-19"), (20, "20+"), (5000, "20+")],
)
def test_each_count_is_in_the_bucket_that_the_name_says(count: int, bucket: str) -> None:
    assert bucket_of(count) == bucket


@pytest.mark.parametrize(
    ("count", "alpha"), [(0, 0.0), (1, 0.2), (4, 0.2), (5, 0.6), (19, 0.6), (20, 0.9), (99, 0.9)]
)
def test_a_listener_gets_the_alpha_of_their_bucket_whatever_the_order_of_the_rows(
    count: int, alpha: float
) -> None:
    weights = [
        {"min_history": low, "alpha": a} for low, a in ((5, 0.6), (0, 0.0), (20, 0.9), (1, 0.2))
    ]
    assert alpha_for(count, weights) == alpha
