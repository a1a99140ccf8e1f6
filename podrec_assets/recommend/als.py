"""ALS on implicit feedback (Hu, Koren, Volinsky 2008): the contract of its engines, and top-N lists from factors.

Confidence is c = 1 + alpha * r for a damped score r; the preference is 1 where r > 0. Engines take regularisation as Spark ML
has it, scaled by the number of a row's interactions.
"""

from dataclasses import dataclass

import numpy as np

from podrec_assets.recommend.interactions import Interactions

BLOCK = 2048
DIGITS = 5
"""Scores are rounded: engines sum in an order that may differ between runs."""


@dataclass(frozen=True)
class Factors:
    """Latent factors: user (n, k) and item (m, k), float32."""

    user: np.ndarray
    item: np.ndarray


def top_n(factors: Factors, history: Interactions, n: int) -> list[dict]:
    """One document for each listener: {"user_id", "items": [{rank, episode_id, score}]}, heard and unliked ones left out.

    Users and items by blocked matrix product; ties by episode id.
    """
    column = {e: j for j, e in enumerate(history.items)}
    documents = []
    for start in range(0, len(history.users), BLOCK):
        scores = np.round(factors.user[start : start + BLOCK].astype(np.float64) @ factors.item.T.astype(np.float64), DIGITS)
        for row, user in zip(scores, history.users[start : start + BLOCK], strict=False):
            for episode in history.seen[user] | history.unliked[user]:
                row[column[episode]] = -np.inf
            best = np.lexsort((np.arange(len(row)), -row))[:n]
            items = [
                {"rank": rank, "episode_id": history.items[j], "score": float(row[j])}
                for rank, j in enumerate((j for j in best if np.isfinite(row[j])), start=1)
            ]
            documents.append({"user_id": user, "items": items})
    return documents


def confidences(matrix, alpha: float):  # noqa: ANN001, ANN201  (scipy sparse matrices)
    """alpha * r for each stored entry: the part of the confidence above 1."""
    scaled = matrix.copy().tocsr()
    scaled.data = alpha * scaled.data
    return scaled
