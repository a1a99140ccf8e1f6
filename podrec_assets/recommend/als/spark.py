"""ALS by Spark ML: the default engine, distributed."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SMALL = 1_000_000
"""Up to so many interactions one block does: sums then have one order, and two fits give the same
lists.
"""


def fit(spark: "SparkSession", matrix: csr_matrix, config: AlsConfig) -> Factors:
    """Factors of a users x items matrix of damped scores. Rows without interactions get zeros."""
    from pyspark.ml.recommendation import ALS

    if not matrix.nnz:
        return Factors.none(matrix, config)
    coo = matrix.tocoo()
    table = pa.table(
        {
            "user": pa.array(coo.row, pa.int32()),
            "item": pa.array(coo.col, pa.int32()),
            "rating": pa.array(coo.data, pa.float32()),
        }
    )
    blocks = 1 if matrix.nnz <= SMALL else spark.sparkContext.defaultParallelism
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
    ratings = (
        spark.createDataFrame(table).coalesce(1) if blocks == 1 else spark.createDataFrame(table)
    )
    model = als.fit(ratings)
    users, items = matrix.shape
    return Factors(
        _dense(model.userFactors, users, config.rank), _dense(model.itemFactors, items, config.rank)
    )


def _dense(frame: "DataFrame", size: int, rank: int) -> np.ndarray:
    found = np.zeros((size, rank), dtype=np.float32)
    rows = frame.toArrow()
    if len(rows):
        found[rows["id"].to_numpy()] = np.array(rows["features"].to_pylist(), dtype=np.float32)
    return found
