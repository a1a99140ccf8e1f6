"""ALS by the `implicit` package: the one-machine engine."""

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als import AlsConfig, Factors, confidences


def fit(matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Factors of a users x items matrix of damped scores.

    `implicit` adds the same regularisation to every row, Spark scales it by a row's interactions, so it is given here
    as the Spark value times the mean number of interactions of a row. One thread and one BLAS thread: the same bytes each time.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    mean_row = matrix.nnz / max(1, matrix.shape[0])
    # implicit takes the stored value as the whole confidence.
    weighted = confidences(matrix, config.alpha).astype(np.float32)
    weighted.data = weighted.data + np.float32(1)
    # The limit also covers the constructor, which warns about BLAS threads.
    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            factors=config.rank,
            regularization=config.regularization * mean_row,
            alpha=1.0,
            iterations=config.iterations,
            use_cg=False,
            num_threads=1,
            random_state=config.seed,
            dtype=np.float32,
        )
        model.fit(weighted, show_progress=False)
    return Factors(np.asarray(model.user_factors), np.asarray(model.item_factors))
