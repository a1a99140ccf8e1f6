"""Exact nearest rows in blocks of bounded memory. Pure."""

from collections.abc import Iterator

import numpy as np

CELLS = 1 << 25
"""Most scores held at once: 128 MB of float32."""


def row_blocks(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of successive blocks of rows whose scores against all columns are at most
    CELLS.
    """
    size = max(1, CELLS // max(1, columns))
    return ((start, min(start + size, rows)) for start in range(0, rows, size))


def nearest(queries: np.ndarray, items: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(indices, scores), each (queries, k): the k items with the largest inner product, falling,
    ties by index.

    Args:
        queries: (n, dimension) float32.
        items: (m, dimension) float32.
        k: how many; at most m.
    """
    k = min(k, len(items))
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    for start, stop in row_blocks(len(queries), len(items)):
        products = queries[start:stop] @ items.T
        for row, found in enumerate(top_k(products, k)):
            indices[start + row] = found
            scores[start + row] = products[row, found]
    return indices, scores


def top_k(scores: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """For each row the indices of its k largest scores, falling, ties by index."""
    count = scores.shape[1]
    k = min(k, count)
    for row in scores:
        if k == 0:
            yield np.empty(0, dtype=np.int64)
            continue
        # All that tie with the k-th take part, or the partition's whim would pick among them.
        found = np.flatnonzero(row >= np.partition(row, count - k)[count - k])
        yield found[np.argsort(-row[found], kind="stable")[:k]]
