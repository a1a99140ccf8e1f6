"""Offline evaluation on held-out interactions, with popularity and random as baselines. Pure.

Each list ranks all items except those in the user's training data.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import Factors
from podrec_assets.recommend.als.top_n import first_places
from podrec_assets.recommend.evaluation import metrics

BLOCK_SCORES = 2**23
NEGATIVES = 99
NONE = -1
Scorer = Callable[[np.ndarray], np.ndarray]
"""User numbers (b,) -> scores (b, items); higher is better."""


def als_scorer(factors: Factors, train: csr_matrix) -> Scorer:
    """Scores by the product of factors, or by popularity for users without factors.

    Newcomers are served popular episodes, so they are measured that way too.
    """
    items, popular = factors.item.T.astype(np.float64), popularity_scorer(train)

    def scores(users: np.ndarray) -> np.ndarray:
        user = factors.user[users].astype(np.float64)
        return np.where(user.any(axis=1)[:, None], user @ items, popular(users))

    return scores


def popularity_scorer(train: csr_matrix) -> Scorer:
    """Scores by the number of users of an item, the same for everyone."""
    counts = np.asarray((train > 0).sum(axis=0)).ravel().astype(np.float64)
    return lambda users: np.tile(counts, (len(users), 1))


def random_scorer(item_count: int, seed: int) -> Scorer:
    """Random scores, fixed for each user."""
    return lambda users: np.stack(
        [np.random.default_rng((seed, int(u))).random(item_count) for u in users]
    )


def ranked(
    scorer: Scorer, train: csr_matrix, users: np.ndarray, k: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (users, (b, k) items of their lists) in blocks, without a user's training items.

    NONE fills the end of a shorter list; ties are in order of item number.
    """
    size = max(1, BLOCK_SCORES // max(1, train.shape[1]))
    for start in range(0, len(users), size):
        block = users[start : start + size]
        scores, known = scorer(block), train[block].tocoo()
        scores[known.row, known.col] = -np.inf
        last = np.partition(scores, -k, axis=1)[:, [-k]] if k < scores.shape[1] else -np.inf
        row, column = np.nonzero((scores >= last) & np.isfinite(scores))
        row, column, _ = first_places(row, column, scores[row, column], k)
        lists = np.full((len(block), k), NONE)
        lists[row, np.arange(len(row)) - np.searchsorted(row, row)] = column
        yield block, lists


def measure(
    scorer: Scorer, train: csr_matrix, test: csr_matrix, k: int, seed: int
) -> dict[str, float | list[float]]:
    """Returns means over the users with held-out items.

    Returns:
        ndcg@k, recall@k and mrr@k (0 to 1); coverage, the share of items in any list; gini (0: all
        items are shown equally often, 1: only one is shown); novelty, the mean of -log2 of the
        share of users who know a shown item; `ci`, the 95 % interval of nDCG.
    """
    users = np.flatnonzero(np.diff(test.indptr))
    if not len(users):
        return dict.fromkeys(
            (f"ndcg@{k}", f"recall@{k}", f"mrr@{k}", "coverage", "gini", "novelty"), 0.0
        ) | {"ci": [0.0, 0.0]}
    known_share = np.asarray((train > 0).sum(axis=0)).ravel() / train.shape[0]
    surprise = -np.log2(np.maximum(known_share, 1 / train.shape[0]))
    shown = np.zeros(train.shape[1])
    parts = []
    for block, items in ranked(scorer, train, users, k):
        listed = items != NONE
        np.add.at(shown, items[listed], 1)
        novelty = np.where(listed, surprise[items], 0.0).sum(axis=1) / np.maximum(
            listed.sum(axis=1), 1
        )
        parts.append(np.column_stack([*_gains(items, test[block], k), novelty]))
    values = np.concatenate(parts)
    ndcg, recall, mrr, novelty = (round(float(v), 5) for v in values.mean(axis=0))
    low, high = metrics.bootstrap_interval(values[:, 0], seed)
    return {
        f"ndcg@{k}": ndcg,
        f"recall@{k}": recall,
        f"mrr@{k}": mrr,
        "coverage": round(float(np.mean(shown > 0)), 5),
        "gini": round(metrics.gini(shown), 5),
        "novelty": novelty,
        "ci": [round(low, 5), round(high, 5)],
    }


def ndcg_of_users(scorer: Scorer, train: csr_matrix, test: csr_matrix, k: int) -> np.ndarray:
    """Returns (users with held-out items, 2): nDCG@k and recall@k of each, in order."""
    users = np.flatnonzero(np.diff(test.indptr))
    parts = [
        np.column_stack(_gains(items, test[block], k)[:2])
        for block, items in ranked(scorer, train, users, k)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 2))


def _gains(
    items: np.ndarray, wanted: csr_matrix, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """nDCG, recall and reciprocal rank of (b, k) lists, for the stored items of each row.

    The formulas are those of `metrics`.
    """
    hits = _is_stored(wanted, items)
    counts = np.diff(wanted.indptr)
    discount = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discount)[np.minimum(counts, k) - 1]
    first = np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0.0)
    return (hits * discount).sum(axis=1) / best, hits.sum(axis=1) / counts, first


def _is_stored(matrix: csr_matrix, columns: np.ndarray) -> np.ndarray:
    """(b, k) bool: whether row b stores each of its columns."""
    rows = np.arange(len(columns), dtype=np.int64)[:, None]
    stored = np.repeat(rows[:, 0], np.diff(matrix.indptr)) * matrix.shape[1] + matrix.indices
    return np.isin(rows * matrix.shape[1] + columns, stored) & (columns != NONE)


def measure_sampled(
    scorer: Scorer, train: csr_matrix, test: csr_matrix, k: int, seed: int
) -> dict[str, float]:
    """Hit rate and nDCG of each user's held-out item among NEGATIVES items unknown to the user.

    For comparison with papers only: sampled metrics are too high and can reverse the order of two
    recommenders (Krichene and Rendle 2020).
    """
    random = np.random.default_rng(seed)
    hits, gains = [], []
    for user in np.flatnonzero(np.diff(test.indptr)):
        positive = int(test.indices[test.indptr[user]])
        known = {*train.indices[train.indptr[user] : train.indptr[user + 1]].tolist(), positive}
        pool = _unknown(known, train.shape[1], random)
        scores = scorer(np.array([user]))[0]
        place = 1 + int(np.sum(scores[pool] >= scores[positive]))
        hits.append(place <= k)
        gains.append(1 / np.log2(place + 1) if place <= k else 0.0)
    return {
        f"sampled_hit_rate@{k}": round(float(np.mean(hits)), 5),
        f"sampled_ndcg@{k}": round(float(np.mean(gains)), 5),
    }


def _unknown(known: set[int], item_count: int, random: np.random.Generator) -> list[int]:
    """NEGATIVES items outside `known`, or all of them if there are fewer."""
    drawn = random.choice(
        item_count, min(item_count, NEGATIVES + len(known)), replace=False, shuffle=False
    )
    return [i for i in random.permutation(drawn).tolist() if i not in known][:NEGATIVES]
