"""Ranking metrics, each with its formula. Pure."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np


def ndcg_at_k(ranked: list, relevant: set, k: int) -> float:
    """Sum of 1 / log2(rank + 1) over relevant items in the first k, over the best possible sum. 0
    without relevant items.
    """
    gain = sum(
        1 / np.log2(rank + 1) for rank, item in enumerate(ranked[:k], start=1) if item in relevant
    )
    best = sum(1 / np.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return float(gain / best) if best else 0.0


def recall_at_k(ranked: list, relevant: set, k: int) -> float:
    """Relevant items in the first k over all relevant items. 0 without relevant items."""
    return len(set(ranked[:k]) & relevant) / len(relevant) if relevant else 0.0


def coverage(lists: list[list[str]], k: int, catalogue_size: int) -> float:
    """Distinct items in the first k of any list over the catalogue's size."""
    return (
        len({i for ranked in lists for i in ranked[:k]}) / catalogue_size if catalogue_size else 0.0
    )


def bootstrap_interval(
    values: list[float] | np.ndarray, seed: int, rounds: int = 500
) -> tuple[float, float]:
    """95 % interval of the mean by resampling."""
    sample = np.asarray(values)
    random = np.random.default_rng(seed)
    means = [sample[random.integers(0, len(sample), len(sample))].mean() for _ in range(rounds)]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def mrr_at_k(ranked: list, relevant: set, k: int) -> float:
    """1 / rank of the first relevant item in the first k. 0 where there is none."""
    return next(
        (1 / rank for rank, item in enumerate(ranked[:k], start=1) if item in relevant), 0.0
    )


def gini(counts: np.ndarray) -> float:
    """Concentration of counts: 0 where all are equal, near 1 where one has everything. 0 where
    nothing is counted.

    sum over i of (2 i - n - 1) x_i / (n sum x), with x in rising order and i from 1.
    """
    ordered, n = np.sort(counts), len(counts)
    total = ordered.sum()
    return (
        float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total)) if total else 0.0
    )


def novelty(ranked: list[str], known: Mapping[str, int], listener_count: int) -> float:
    """Mean of -log2(share of listeners who know an item) over log2(listeners): 0 what all know, 1
    what one or nobody knows.
    """
    if not ranked or listener_count < 2:
        return 0.0
    shares = [max(known.get(i, 0), 1) / listener_count for i in ranked]
    return float(np.mean(-np.log2(np.minimum(shares, 1.0))) / np.log2(listener_count))


def likeness(similarities: list[dict]) -> dict[tuple[str, str], float]:
    """By pair in order of ids, the similarity that documents of similarities tell, 0 to 1."""
    found: dict[tuple[str, str], float] = {}
    for document in similarities:
        for one in document["items"]:
            low, high = sorted((document["episode_id"], one["episode_id"]))
            found[low, high] = max(found.get((low, high), 0.0), min(max(one["score"], 0.0), 1.0))
    return found


def diversity(ranked: list[str], likeness: Mapping[tuple[str, str], float]) -> float:
    """1 - mean likeness of the pairs in a list; 0 for a list of fewer than two."""
    pairs = list(combinations(sorted(set(ranked)), 2))
    return 1 - sum(likeness.get(pair, 0.0) for pair in pairs) / len(pairs) if pairs else 0.0
