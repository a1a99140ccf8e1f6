"""Input of every engine: a rank that suits the history, and confidences."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import bounded_rank, confidences


@pytest.mark.parametrize(
    ("users", "items", "rank"),
    [(1000, 1000, 32), (1000, 48, 8), (60, 60, 10), (12, 200, 8), (3, 3, 2), (0, 0, 2)],
    ids=["enough", "few items", "few of both", "few users", "tiny", "nothing"],
)
def test_the_rank_is_bounded_by_the_number_of_items_and_of_scores(
    users: int, items: int, rank: int
) -> None:
    """At most a sixth of the items and of the root of the scores, at least two."""
    assert bounded_rank(32, csr_matrix(np.ones((users, items)))) == rank


def test_confidences_are_alpha_times_the_score_and_the_matrix_is_unchanged() -> None:
    matrix = csr_matrix([[0.5, 0.0], [0.0, 3.0]])
    assert confidences(matrix, 2.0).toarray().tolist() == [[1.0, 0.0], [0.0, 6.0]]
    assert matrix.toarray().tolist() == [[0.5, 0.0], [0.0, 3.0]]
