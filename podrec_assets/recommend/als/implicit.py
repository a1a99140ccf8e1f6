"""ALS by the `implicit` package: the one-machine engine."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors, confidences

NEARLY = 1.05
"""Rows whose numbers of interactions differ by less than this factor are solved in one call, with
their mean regularisation.
"""
Solver = Callable[..., None]


@dataclass(frozen=True)
class Rows:
    """One side of the matrix, rows ordered by length.

    Attributes:
        order: (rows,) original number of each row.
        groups: slices of nearly equal length, each with its part of the matrix and its mean length.
    """

    order: np.ndarray
    groups: list[tuple[slice, csr_matrix, float]]


def fit(matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Factors of a users x items matrix of damped scores. The same bytes each time, on any number
    of cores.
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
            _sweep(pool, solver, items, item, _restored(user, users), config.regularization)
            _sweep(pool, solver, users, user, _restored(item, items), config.regularization)
    return Factors(_restored(user, users), _restored(item, items))


def by_length(matrix: csr_matrix) -> Rows:
    """The rows of a matrix in groups of nearly equal length."""
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    ordered, lengths = matrix[order], lengths[order]
    groups, start = [], int(np.searchsorted(lengths, 1))
    while start < len(lengths):
        stop = int(np.searchsorted(lengths, max(lengths[start] * NEARLY, lengths[start] + 1)))
        groups.append((slice(start, stop), ordered[start:stop], float(lengths[start:stop].mean())))
        start = stop
    return Rows(order, groups)


def _sweep(
    pool: ThreadPoolExecutor,
    solver: Solver,
    rows: Rows,
    factors: np.ndarray,
    fixed: np.ndarray,
    each: float,
) -> None:
    """Moves the factors of all rows to their solution for the fixed ones of the columns, in place."""
    factors[: rows.groups[0][0].start] = 0

    def solve(group: tuple[slice, csr_matrix, float]) -> None:
        at, part, length = group
        solver(part, factors[at], fixed, each * length, num_threads=1)

    list(pool.map(solve, rows.groups))


def _restored(factors: np.ndarray, rows: Rows) -> np.ndarray:
    """Factors in the original order of their rows."""
    found = np.empty_like(factors)
    found[rows.order] = factors
    return found
