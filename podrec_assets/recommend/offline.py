"""A recommender on held-out interactions, beside popularity and random: full ranking, seen items left out. Pure."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend import metrics
from podrec_assets.recommend.als import Factors

BLOCK = 512
NEGATIVES = 99
Scorer = Callable[[np.ndarray], np.ndarray]
"""User numbers (b,) -> scores (b, items); higher is better."""


def als_scorer(factors: Factors) -> Scorer:
    """Scores by the product of factors."""
    return lambda users: factors.user[users].astype(np.float64) @ factors.item.T.astype(np.float64)


def popularity_scorer(train: csr_matrix) -> Scorer:
    """The number of users of an item, the same for everyone."""
    counts = np.asarray((train > 0).sum(axis=0)).ravel().astype(np.float64)
    return lambda users: np.tile(counts, (len(users), 1))


def random_scorer(item_count: int, seed: int) -> Scorer:
    """Noise, the same for the same user."""
    return lambda users: np.stack([np.random.default_rng((seed, int(u))).random(item_count) for u in users])


def ranked(scorer: Scorer, train: csr_matrix, users: np.ndarray, k: int) -> Iterator[tuple[int, np.ndarray]]:
    """(user, item numbers of the first k places), without the items of the user's own training row; ties by item number."""
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        scores = scorer(block)
        for row, user in enumerate(block):
            scores[row, train.indices[train.indptr[user] : train.indptr[user + 1]]] = -np.inf
        top = np.argpartition(-scores, min(k, scores.shape[1] - 1), axis=1)[:, :k]
        for row, user in enumerate(block):
            best = top[row][np.lexsort((top[row], -scores[row, top[row]]))]
            yield int(user), best[np.isfinite(scores[row, best])]


def measure(scorer: Scorer, train: csr_matrix, test: csr_matrix, k: int, seed: int) -> dict[str, float | list[float]]:
    """Means over the users with held-out items.

    Returns:
        ndcg@k, recall@k, mrr@k (0 to 1), coverage (share of the catalogue in any list), gini (0: all items shown alike often, 1:
        one only), novelty (mean of -log2 of the share of users who know a shown item), and `ci`: the 95 % interval of nDCG.
    """
    users = np.flatnonzero(np.diff(test.indptr))
    shown = np.zeros(train.shape[1])
    known = np.asarray((train > 0).sum(axis=0)).ravel() / train.shape[0]
    rows = []
    for user, items in ranked(scorer, train, users, k):
        wanted = set(test.indices[test.indptr[user] : test.indptr[user + 1]].tolist())
        listed = items.tolist()
        shown[items] += 1
        novelty = float(np.mean(-np.log2(np.maximum(known[items], 1 / train.shape[0])))) if listed else 0.0
        values = (
            metrics.ndcg_at_k(listed, wanted, k),
            metrics.recall_at_k(listed, wanted, k),
            metrics.mrr_at_k(listed, wanted, k),
        )
        rows.append((*values, novelty))
    means = np.mean(rows, axis=0) if rows else np.zeros(4)
    low, high = metrics.bootstrap_interval([r[0] for r in rows], seed) if rows else (0.0, 0.0)
    return {
        f"ndcg@{k}": round(float(means[0]), 5),
        f"recall@{k}": round(float(means[1]), 5),
        f"mrr@{k}": round(float(means[2]), 5),
        "coverage": round(float(np.mean(shown > 0)), 5),
        "gini": round(metrics.gini(shown), 5),
        "novelty": round(float(means[3]), 5),
        "ci": [round(low, 5), round(high, 5)],
    }


def measure_sampled(scorer: Scorer, train: csr_matrix, test: csr_matrix, k: int, seed: int) -> dict[str, float]:
    """Hit rate and nDCG of each user's one held-out item among NEGATIVES items unknown to the user, as papers report it.

    Sampled metrics flatter and can reverse an order (Krichene and Rendle 2020): for comparison with papers only.
    """
    random = np.random.default_rng(seed)
    hits, gains = [], []
    for user in np.flatnonzero(np.diff(test.indptr)):
        positive = int(test.indices[test.indptr[user]])
        known = {*train.indices[train.indptr[user] : train.indptr[user + 1]].tolist(), positive}
        pool = [int(i) for i in random.permutation(train.shape[1])[: NEGATIVES + len(known)] if int(i) not in known][:NEGATIVES]
        scores = scorer(np.array([user]))[0]
        place = 1 + int(np.sum(scores[pool] >= scores[positive]))
        hits.append(place <= k)
        gains.append(1 / np.log2(place + 1) if place <= k else 0.0)
    return {f"sampled_hit_rate@{k}": round(float(np.mean(hits)), 5), f"sampled_ndcg@{k}": round(float(np.mean(gains)), 5)}
