"""Exact search returns what a full sort returns, for any block size."""

import numpy as np
import pytest

from podrec_assets.content.similarity import exact_knn
from podrec_assets.content.similarity.exact_knn import nearest, row_blocks, top_k


def planted(rows: int, seed: int) -> np.ndarray:
    """Vectors of few distinct directions, so that there are many ties."""
    return np.random.default_rng(seed).integers(-1, 2, (rows, 4)).astype(np.float32)


@pytest.mark.parametrize("cells", [1, 7, 100, 1 << 20])
@pytest.mark.parametrize("k", [1, 5, 60, 100])
def test_nearest_equals_a_full_sort_with_ties_by_index(
    monkeypatch: pytest.MonkeyPatch, cells: int, k: int
) -> None:
    monkeypatch.setattr(exact_knn, "CELLS", cells)
    queries, items = planted(13, 1), planted(60, 2)
    indices, scores = nearest(queries, items, k)
    products = queries @ items.T
    assert indices.tolist() == np.argsort(-products, axis=1, kind="stable")[:, :k].tolist()
    assert scores.tolist() == np.take_along_axis(products, indices, axis=1).tolist()


def test_blocks_cover_all_rows_and_hold_no_more_cells_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exact_knn, "CELLS", 100)
    assert list(row_blocks(7, 30)) == [(0, 3), (3, 6), (6, 7)]
    assert list(row_blocks(2, 1000)) == [(0, 1), (1, 2)]
    assert list(row_blocks(0, 30)) == []


def test_nothing_to_rank_gives_empty_rows() -> None:
    assert [r.tolist() for r in top_k(np.empty((2, 0), dtype=np.float32), 3)] == [[], []]
    assert nearest(planted(2, 1), planted(5, 2), 0)[0].shape == (2, 0)
