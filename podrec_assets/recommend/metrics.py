"""Ranking metrics, each with its formula. Pure."""

import numpy as np


def ndcg_at_k(ranked: list, relevant: set, k: int) -> float:
    """Sum of 1 / log2(rank + 1) over relevant items in the first k, over the best possible sum. 0 without relevant items."""
    gain = sum(1 / np.log2(rank + 1) for rank, item in enumerate(ranked[:k], start=1) if item in relevant)
    best = sum(1 / np.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return float(gain / best) if best else 0.0


def recall_at_k(ranked: list, relevant: set, k: int) -> float:
    """Relevant items in the first k over all relevant items. 0 without relevant items."""
    return len(set(ranked[:k]) & relevant) / len(relevant) if relevant else 0.0


def coverage(lists: list[list[str]], k: int, catalogue_size: int) -> float:
    """Distinct items in the first k of any list over the catalogue's size."""
    return len({i for ranked in lists for i in ranked[:k]}) / catalogue_size if catalogue_size else 0.0


def bootstrap_interval(values: list[float], seed: int, rounds: int = 500) -> tuple[float, float]:
    """95 % interval of the mean by resampling."""
    sample = np.asarray(values)
    random = np.random.default_rng(seed)
    means = sample[random.integers(0, len(sample), (rounds, len(sample)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def mrr_at_k(ranked: list, relevant: set, k: int) -> float:
    """1 / rank of the first relevant item in the first k. 0 where there is none."""
    return next((1 / rank for rank, item in enumerate(ranked[:k], start=1) if item in relevant), 0.0)


def gini(counts: np.ndarray) -> float:
    """Concentration of counts: 0 where all are equal, near 1 where one has everything. 0 where nothing is counted.

    sum over i of (2 i - n - 1) x_i / (n sum x), with x in rising order and i from 1.
    """
    ordered, n = np.sort(counts), len(counts)
    total = ordered.sum()
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total)) if total else 0.0
