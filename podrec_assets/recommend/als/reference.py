"""ALS by exact solves in NumPy: slow and simple, the oracle for the tests of the other engines."""

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors, confidences


def fit(matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Returns the factors of a users x items matrix of damped scores.

    Each iteration solves (X'X + X'(C - I)X + lambda * n_i * I) y = X'C p for every item, then the
    same for users; n_i is the number of scores in the row, as in Spark ML.
    """
    extra = confidences(matrix, config.alpha)
    random = np.random.default_rng(config.seed)
    user = random.normal(0, 1 / np.sqrt(config.rank), (matrix.shape[0], config.rank))
    item = np.zeros((matrix.shape[1], config.rank))
    transposed = extra.T.tocsr()
    for _ in range(config.iterations):
        item = sweep(transposed, user, config.regularization)
        user = sweep(extra, item, config.regularization)
    return Factors(user.astype(np.float32), item.astype(np.float32))


def sweep(extra: csr_matrix, fixed: np.ndarray, regularization: float) -> np.ndarray:
    """Returns the exact factors of the rows, given those of the columns.

    Args:
        extra: confidences above 1.
        fixed: factors of its columns.
        regularization: lambda, before it is multiplied by the number of scores in a row.
    """
    gram, rank = fixed.T @ fixed, fixed.shape[1]
    solved = np.zeros((extra.shape[0], rank))
    for row in range(extra.shape[0]):
        start, stop = extra.indptr[row], extra.indptr[row + 1]
        if stop == start:
            continue
        known, weights = fixed[extra.indices[start:stop]], extra.data[start:stop]
        left = (
            gram
            + known.T @ (known * weights[:, None])
            + regularization * (stop - start) * np.eye(rank)
        )
        solved[row] = np.linalg.solve(left, known.T @ (1 + weights))
    return solved
