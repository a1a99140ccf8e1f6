"""ALS with the `implicit` package: the engine for one machine."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors, confidences

MAX_LENGTH_RATIO = 1.05
"""Rows whose numbers of scores differ by less than this factor are solved in one call, with the
regularisation of their mean length.
"""
Solver = Callable[..., None]


@dataclass(frozen=True)
class Rows:
    """One side of the matrix, its rows ordered by length.

    Attributes:
        order: (rows,) original number of each row.
        groups: slices of nearly equal length, each with its part of the matrix and its mean length.
    """

    order: np.ndarray
    groups: list[tuple[slice, csr_matrix, float]]

    def restored(self, factors: np.ndarray) -> np.ndarray:
        """Returns factors in the original order of the rows."""
        original = np.empty_like(factors)
        original[self.order] = factors
        return original


def fit(matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Returns the factors of a users x items matrix of damped scores.

    They are the same bytes every time, on any number of cores.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    if not matrix.nnz:
        return Factors.none(matrix, config)
    # implicit takes the stored value as the whole confidence.
    whole = confidences(matrix, config.alpha).astype(np.float32)
    whole.data = whole.data + np.float32(1)
    users, items = by_length(whole), by_length(whole.T.tocsr())
    random = np.random.default_rng(config.seed)
    user, item = (
        0.01 * random.random((size, config.rank), dtype=np.float32) for size in matrix.shape
    )
    user, item = user[users.order], item[items.order]
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        solver = AlternatingLeastSquares(factors=config.rank, num_threads=1).solver
        for _ in range(config.iterations):
            _sweep(pool, solver, items, item, users.restored(user), config.regularization)
            _sweep(pool, solver, users, user, items.restored(item), config.regularization)
    return Factors(users.restored(user), items.restored(item))


def by_length(matrix: csr_matrix) -> Rows:
    """Returns the rows of a matrix in groups of nearly equal length; empty rows are in none."""
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    ordered, lengths = matrix[order], lengths[order]
    groups, start = [], int(np.searchsorted(lengths, 1))
    while start < len(lengths):
        longest = max(lengths[start] * MAX_LENGTH_RATIO, lengths[start] + 1)
        stop = int(np.searchsorted(lengths, longest))
        groups.append((slice(start, stop), ordered[start:stop], float(lengths[start:stop].mean())))
        start = stop
    return Rows(order, groups)


def _sweep(
    pool: ThreadPoolExecutor,
    solver: Solver,
    rows: Rows,
    factors: np.ndarray,
    fixed: np.ndarray,
    regularization: float,
) -> None:
    """Replaces the factors of all rows by the solution for the columns' factors, in place."""
    factors[: rows.groups[0][0].start] = 0

    def solve(group: tuple[slice, csr_matrix, float]) -> None:
        at, part, length = group
        solver(part, factors[at], fixed, regularization * length, num_threads=1)

    list(pool.map(solve, rows.groups))
