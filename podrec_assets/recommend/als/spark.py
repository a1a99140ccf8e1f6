"""ALS with Spark ML: the default engine, distributed."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_ONE_BLOCK = 1_000_000
"""Up to this many scores are fitted in one block. Sums then have one order, so two fits give the
same lists.
"""


def fit(spark: "SparkSession", matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Returns the factors of a users x items matrix of damped scores."""
    from pyspark.ml.recommendation import ALS

    if not matrix.nnz:
        return Factors.none(matrix, config)
    blocks = 1 if matrix.nnz <= MAX_ONE_BLOCK else spark.sparkContext.defaultParallelism
    als = ALS(
        rank=config.rank,
        maxIter=config.iterations,
        regParam=config.regularization,
        alpha=config.alpha,
        implicitPrefs=True,
        seed=config.seed,
        userCol="user",
        itemCol="item",
        ratingCol="rating",
        numUserBlocks=blocks,
        numItemBlocks=blocks,
    )
    ratings = _ratings(spark, matrix)
    model = als.fit(ratings.coalesce(1) if blocks == 1 else ratings)
    users, items = matrix.shape
    return Factors(
        _dense(model.userFactors, users, config.rank), _dense(model.itemFactors, items, config.rank)
    )


def _ratings(spark: "SparkSession", matrix: csr_matrix) -> "DataFrame":
    coo = matrix.tocoo()
    table = pa.table(
        {
            "user": pa.array(coo.row, pa.int32()),
            "item": pa.array(coo.col, pa.int32()),
            "rating": pa.array(coo.data, pa.float32()),
        }
    )
    return spark.createDataFrame(table)


def _dense(frame: "DataFrame", size: int, rank: int) -> np.ndarray:
    factors = np.zeros((size, rank), dtype=np.float32)
    rows = frame.toArrow()
    if len(rows):
        factors[rows["id"].to_numpy()] = np.array(rows["features"].to_pylist(), dtype=np.float32)
    return factors
