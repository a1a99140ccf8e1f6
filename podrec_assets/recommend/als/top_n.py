"""ALS lists from factors, in bounded memory: the best unheard episodes and their causes. Pure."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors
from podrec_assets.recommend.interactions import Interactions

BLOCK_SCORES = 2**23
"""Scores in memory at a time: 32 MB."""
DIGITS = 5
"""Scores are rounded, since engines may sum in a different order in each run."""


def top_n(factors: Factors, history: Interactions, config: AlsConfig, n: int) -> Iterator[dict]:
    """Yields a document for each listener in order, without heard and unliked episodes.

    Equal scores are in order of episode id.

    Yields:
        {"user_id", "items": [{rank, episode_id, score, because, listener_count}]}: `because` is the
        heard episode that contributes most to the score (None if none raises it), `listener_count`
        how many others played both.
    """
    seen = pairs_matrix(history, history.seen)
    played = pairs_matrix(history, {user: history.played(user) for user in history.users})
    excluded = pairs_matrix(history, excluded_items(history))
    user, item, score = (
        np.concatenate(parts) for parts in zip(*best_items(factors, excluded, n), strict=True)
    )
    starts = np.searchsorted(user, np.arange(len(history.users) + 1))
    nameable = _stored_in(history.matrix, seen)
    cause = np.full(len(item), -1, dtype=np.int32)
    for row, (start, stop) in enumerate(pairwise(starts)):
        cause[start:stop] = main_causes(
            factors, history.matrix, row, item[start:stop], nameable, config
        )
    listener_count = co_listeners(played, item, cause)
    for row, name in enumerate(history.users):
        yield {
            "user_id": name,
            "items": [
                {
                    "rank": rank,
                    "episode_id": history.items[item[at]],
                    "score": float(score[at]),
                    "because": None if cause[at] < 0 else history.items[cause[at]],
                    "listener_count": int(listener_count[at]),
                }
                for rank, at in enumerate(range(starts[row], starts[row + 1]), start=1)
            ],
        }


def best_items(
    factors: Factors, excluded: csr_matrix, n: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yields (users, items, rounded scores) in blocks: each user's best n items, ties by item.

    A user with few items left has fewer. Users and items with zero factors are left out. Each block
    costs one single-precision product and a partition; only scores that can reach the last place of
    a list are computed again exactly.
    """
    users, items = (np.flatnonzero(side.any(axis=1)) for side in (factors.user, factors.item))
    left, right = factors.user[users], factors.item[items]
    excluded = excluded[users][:, items]
    size = max(1, BLOCK_SCORES // max(1, len(items)))
    yield users[:0], items[:0], np.zeros(0)
    for start in range(0, len(users) if len(items) else 0, size):
        block = left[start : start + size]
        rough = block @ right.T
        out = excluded[start : start + size].tocoo()
        rough[out.row, out.col] = -np.inf
        row, column = np.nonzero(rough >= _nth_largest(rough, n) - _rounding_error(block, right))
        score = np.einsum(
            "ij,ij->i", block[row].astype(np.float64), right[column].astype(np.float64)
        )
        row, column, score = first_places(row, column, np.round(score, DIGITS) + 0.0, n)
        yield users[start + row], items[column], score


def first_places(
    row: np.ndarray, column: np.ndarray, score: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the n best of the scored cells of each row, by row, falling score, then column."""
    order = np.lexsort((column, -score, row))
    rows = row[order]
    order = order[np.arange(len(rows)) - np.searchsorted(rows, rows) < n]
    return row[order], column[order], score[order]


def _nth_largest(scores: np.ndarray, n: int) -> np.ndarray:
    """(rows, 1) the n-th largest score of each row, or the smallest float if there are fewer."""
    if scores.shape[1] <= n:
        return np.full((len(scores), 1), np.finfo(np.float32).min)
    return np.maximum(np.partition(scores, -n, axis=1)[:, [-n]], np.finfo(np.float32).min)


def _rounding_error(user: np.ndarray, item: np.ndarray) -> float:
    """How far apart two single-precision scores can be that are equal when rounded."""
    longest = np.linalg.norm(user, axis=1).max() * np.linalg.norm(item, axis=1).max()
    return float(10.0**-DIGITS + 2 * user.shape[1] * np.finfo(np.float32).eps * longest)


def main_causes(
    factors: Factors,
    matrix: csr_matrix,
    user: int,
    items: np.ndarray,
    nameable: np.ndarray,
    config: AlsConfig,
) -> np.ndarray:
    """Returns for each item the heard one that contributes most to its score, -1 if none does.

    A score is a sum over what the user heard (Hu, Koren and Volinsky, section 5): y_i' W y_j * c_j
    with W = (Y'Y + Y'(C - I)Y + lambda * n * I)^-1.

    Args:
        factors: of a fit with `config`.
        matrix: the fitted matrix.
        user: its row.
        items: (p,) columns to explain.
        nameable: (matrix.nnz,) bool, the stored entries that may be named.
        config: of the fit.
    """
    start, stop = matrix.indptr[user], matrix.indptr[user + 1]
    if not nameable[start:stop].any() or not len(items):
        return np.full(len(items), -1)
    heard, extra = matrix.indices[start:stop], config.alpha * matrix.data[start:stop]
    known = factors.item[heard].astype(np.float64)
    left = factors.item_gram + known.T @ (known * extra[:, None])
    left[np.diag_indices_from(left)] += config.regularization * len(heard)
    named = nameable[start:stop]
    weighted = known[named] * (1 + extra[named])[:, None]
    solved = np.linalg.solve(left, factors.item[items].T.astype(np.float64))
    contributions = np.round(solved.T @ weighted.T, DIGITS)
    best = contributions.argmax(axis=1)
    largest = contributions[np.arange(len(items)), best]
    return np.where(largest > 0, heard[named][best], -1)


def co_listeners(played: csr_matrix, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns how many users played both items of each pair of columns; 0 where `other` is -1."""
    by_item, counts = played.T.tocsr(), np.zeros(len(one), dtype=np.int64)
    order = np.argsort(other, kind="stable")
    order = order[np.searchsorted(other[order], 0) :]
    columns, place = np.unique(other[order], return_inverse=True)
    size = max(1, BLOCK_SCORES // max(1, played.shape[1]))
    for start in range(0, len(columns), size):
        together = (by_item[columns[start : start + size]] @ played).toarray()
        pairs = slice(*np.searchsorted(place, (start, start + size)))
        counts[order[pairs]] = together[place[pairs] - start, one[order[pairs]]]
    return counts


def excluded_items(history: Interactions) -> dict[str, set[str]]:
    """Returns the items heard or unliked in the history window, by listener."""
    return {user: history.seen[user] | history.unliked[user] for user in history.users}


def pairs_matrix(history: Interactions, pairs: dict[str, set[str]]) -> csr_matrix:
    """Returns a users x items matrix with ones at the pairs."""
    column = {e: j for j, e in enumerate(history.items)}
    rows = [
        np.fromiter((column[e] for e in pairs[u]), dtype=np.int32, count=len(pairs[u]))
        for u in history.users
    ]
    indptr = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    indices = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    matrix = csr_matrix(
        (np.ones(len(indices), np.int32), indices, indptr),
        shape=(len(history.users), len(history.items)),
    )
    matrix.sort_indices()
    return matrix


def _stored_in(matrix: csr_matrix, other: csr_matrix) -> np.ndarray:
    """(matrix.nnz,) bool: whether the other matrix also stores each stored entry."""

    def keys(m: csr_matrix) -> np.ndarray:
        rows = np.repeat(np.arange(m.shape[0], dtype=np.int64), np.diff(m.indptr))
        return rows * m.shape[1] + m.indices

    return np.isin(keys(matrix), keys(other))
