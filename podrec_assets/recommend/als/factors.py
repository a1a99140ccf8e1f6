"""ALS on implicit feedback (Hu, Koren and Volinsky 2008): input and output of every engine.

All engines minimise the same objective over listeners u and episodes i:

    sum over u, i of c_ui (p_ui - x_u'y_i)^2
    + lambda * (sum over u of n_u |x_u|^2 + sum over i of n_i |y_i|^2)

with confidence c = 1 + alpha * r for a damped score r, preference p = 1 where r > 0 and 0
elsewhere, and n the number of scores in a row. Spark ML scales the regularisation that way.
`implicit` uses one lambda for all rows of a call, so it is called with rows of nearly equal length
and lambda * n. Each iteration solves the episodes, then the listeners. The listeners' factors are
therefore exact for the episodes' factors, which the explanations rely on.
"""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.settings import Settings

MIN_RANK, ITEMS_PER_FACTOR, ROOT_SCORES_PER_FACTOR = 2, 6, 6


@dataclass(frozen=True)
class AlsConfig:
    """Settings of a fit; see `Settings` for the meaning of each field."""

    rank: int
    regularization: float
    alpha: float
    iterations: int
    seed: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Returns the current settings."""
        return cls(
            settings.als_rank,
            settings.als_regularization,
            settings.als_alpha,
            settings.als_iterations,
            settings.seed,
        )


@dataclass(frozen=True)
class Factors:
    """Latent factors, float32: user (n, k) and item (m, k). Rows without scores are zeros."""

    user: np.ndarray
    item: np.ndarray

    @classmethod
    def none(cls, matrix: csr_matrix, config: AlsConfig) -> Self:
        """Returns the factors of a matrix without scores: all zeros."""
        users, items = matrix.shape
        return cls(
            np.zeros((users, config.rank), np.float32), np.zeros((items, config.rank), np.float32)
        )

    @cached_property
    def item_gram(self) -> np.ndarray:
        """Y'Y of the item factors, (k, k) float64."""
        exact = self.item.astype(np.float64)
        return exact.T @ exact


def bounded_rank(rank: int, matrix: csr_matrix) -> int:
    """Returns the rank, lowered for a small or sparse history, where more factors fit noise.

    At most one factor for every ITEMS_PER_FACTOR items, and for every ROOT_SCORES_PER_FACTOR in the
    square root of the number of scores; see ADR 0006.
    """
    by_items = matrix.shape[1] // ITEMS_PER_FACTOR
    by_scores = int(sqrt(matrix.nnz) / ROOT_SCORES_PER_FACTOR)
    return min(rank, max(MIN_RANK, min(by_items, by_scores)))


def confidences(matrix: csr_matrix, alpha: float) -> csr_matrix:
    """Returns alpha * r for each stored entry: its confidence minus 1."""
    scaled = matrix.copy().tocsr()
    scaled.data = alpha * scaled.data
    return scaled


def damped(scores: np.ndarray) -> np.ndarray:
    """Returns log1p of positive scores, divided by its mean.

    The mean confidence is then 1 + alpha whatever the unit. Without the logarithm, large play
    counts dominate; without the mean, an alpha that suits five stars is too high for counts and too
    low for ones (measured in ADR 0006).
    """
    logs = np.log1p(scores)
    return logs / logs.mean() if len(logs) else logs
