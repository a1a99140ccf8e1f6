"""Exact nearest-neighbour search in blocks of bounded memory. Pure.

Exact search serves up to about 100,000 episodes. An approximate index takes its place by
implementing `nearest_neighbours.NeighbourSearch`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from podrec_assets.content.similarity.fused_similarity import FusedVectors

CELLS = 1 << 25
"""Most scores held at once: 128 MB of float32."""


@dataclass(frozen=True)
class NeighbourCandidates:
    """The episodes most similar to one episode, ordered by position.

    Attributes:
        positions: of the candidates among all episodes.
        fused, cosines, lexicals: similarity to each of them.
    """

    positions: np.ndarray
    fused: np.ndarray
    cosines: np.ndarray
    lexicals: np.ndarray


def exact_search(
    vectors: FusedVectors, originals: np.ndarray, k: int
) -> Iterator[NeighbourCandidates]:
    """Yields for each episode its k best candidates by fused similarity.

    Copies of a recording never appear as candidates, nor does an original for its copies.

    Args:
        vectors: of all episodes.
        originals: for each episode the position of the first one with the same recording.
        k: most candidates.
    """
    count = len(originals)
    is_copy = originals != np.arange(count)
    for start, stop in row_blocks(count, count):
        fused, cosines, lexicals = vectors.similarities(start, stop)
        fused[:, is_copy] = -np.inf
        fused[originals[start:stop, None] == originals[None, :]] = -np.inf
        for row, order in enumerate(top_k(fused, k)):
            positions = np.sort(order[np.isfinite(fused[row, order])])
            yield NeighbourCandidates(
                positions, fused[row, positions], cosines[row, positions], lexicals[row, positions]
            )


def row_blocks(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of successive blocks of rows with at most CELLS scores each."""
    size = max(1, CELLS // max(1, columns))
    return ((start, min(start + size, rows)) for start in range(0, rows, size))


def nearest(queries: np.ndarray, items: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns (indices, scores), each (queries, k), of the k items with the largest inner product.

    The best come first; ties are ordered by index.

    Args:
        queries: (n, dimension) float32.
        items: (m, dimension) float32.
        k: number of items; at most m.
    """
    k = min(k, len(items))
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    for start, stop in row_blocks(len(queries), len(items)):
        products = queries[start:stop] @ items.T
        for row, best in enumerate(top_k(products, k)):
            indices[start + row] = best
            scores[start + row] = products[row, best]
    return indices, scores


def top_k(scores: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """Yields for each row the indices of its k largest scores, best first, ties by index."""
    count = scores.shape[1]
    k = min(k, count)
    for row in scores:
        if k == 0:
            yield np.empty(0, dtype=np.int64)
            continue
        # argpartition alone would pick arbitrarily among the scores that tie with the k-th.
        best = np.flatnonzero(row >= np.partition(row, count - k)[count - k])
        yield best[np.argsort(-row[best], kind="stable")[:k]]
