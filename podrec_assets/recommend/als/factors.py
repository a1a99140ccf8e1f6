"""ALS on implicit feedback (Hu, Koren, Volinsky 2008): what every engine is given, and what it must
give back.

All engines minimise the same thing over listeners u and episodes i:

    sum over all u, i of c_ui (p_ui - x_u'y_i)^2  +  lambda * (sum over u of n_u |x_u|^2 + sum over
    i of n_i |y_i|^2)

with confidence c = 1 + alpha * r for a damped score r, preference p = 1 where r > 0 and 0
elsewhere, and n the number of a row's scores. That is how Spark ML scales regularisation.
`implicit` adds one lambda to all rows of a call, so it is called for rows of (nearly) one length at
a time, with lambda * n. A sweep solves episodes first, then listeners: listeners' factors are then
exact for the episodes', which is what explanations rest on.
"""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.settings import Settings

LEAST_RANK, ITEMS_A_FACTOR, ROOT_A_FACTOR = 2, 6, 6


@dataclass(frozen=True)
class AlsConfig:
    """What the engines are asked for; meanings as in `Settings`."""

    rank: int
    regularization: float
    alpha: float
    iterations: int
    seed: int

    @classmethod
    def from_settings(cls, s: Settings) -> "AlsConfig":
        """What the settings ask for."""
        return cls(s.als_rank, s.als_regularization, s.als_alpha, s.als_iterations, s.seed)


@dataclass(frozen=True)
class Factors:
    """Latent factors: user (n, k) and item (m, k), float32. Rows without interactions are zeros."""

    user: np.ndarray
    item: np.ndarray

    @classmethod
    def none(cls, matrix: csr_matrix, config: AlsConfig) -> "Factors":
        """What is learned from nothing."""
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
    """The rank, but no more than the scores can tell: more learns the noise of a small or sparse
    history.

    At most one factor for every ITEMS_A_FACTOR items and ROOT_A_FACTOR times the root of the number
    of scores; see ADR 0006.
    """
    return min(
        rank,
        max(
            LEAST_RANK,
            min(matrix.shape[1] // ITEMS_A_FACTOR, int(sqrt(matrix.nnz) / ROOT_A_FACTOR)),
        ),
    )


def confidences(matrix: csr_matrix, alpha: float) -> csr_matrix:
    """alpha * r for each stored entry: the part of the confidence above 1."""
    scaled = matrix.copy().tocsr()
    scaled.data = alpha * scaled.data
    return scaled
