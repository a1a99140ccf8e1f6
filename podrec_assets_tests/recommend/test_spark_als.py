"""The distributed engine: it ranks as the reference engine does, and repeats itself to the byte."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from podrec_assets.recommend import numpy_als, spark_als
from podrec_assets.recommend.als import Factors, top_n
from podrec_assets_tests.recommend.planted import CONFIG, checkerboard, history_of, left_out

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.services
HISTORY = checkerboard(unheard=3)


@pytest.fixture(scope="module")
def fitted(spark: "SparkSession") -> Factors:
    return spark_als.fit(spark, HISTORY.matrix, CONFIG)


def firsts(factors: Factors) -> dict[str, set[str]]:
    """The first three of each listener."""
    return {d["user_id"]: {i["episode_id"] for i in d["items"]} for d in top_n(factors, HISTORY, CONFIG, 3)}


def test_the_planted_unheard_episode_comes_first(spark: "SparkSession") -> None:
    history = checkerboard(unheard=1)
    lists = top_n(spark_als.fit(spark, history.matrix, CONFIG), history, CONFIG, 3)
    assert {d["user_id"]: d["items"][0]["episode_id"] for d in lists} == {u: left_out(u, 1).pop() for u in history.users}


def test_the_first_three_are_those_of_the_reference_engine(fitted: Factors) -> None:
    mine = firsts(fitted)
    assert mine == firsts(numpy_als.fit(HISTORY.matrix, CONFIG))
    assert mine["b5"] == {"B5", "B0", "B1"}


def test_the_last_sweep_is_the_exact_solution_of_the_reference_engine(fitted: Factors) -> None:
    """The same c = 1 + alpha * r and lambda * n: solving once more from Spark's episodes gives Spark's listeners."""
    solved = numpy_als._sweep(CONFIG.alpha * HISTORY.matrix, fitted.item.astype(np.float64), CONFIG.regularization)
    assert np.abs(solved - fitted.user).max() < 1e-4


def test_the_same_seed_gives_the_same_bytes(spark: "SparkSession", fitted: Factors) -> None:
    again = spark_als.fit(spark, HISTORY.matrix, CONFIG)
    assert (fitted.user.tobytes(), fitted.item.tobytes()) == (again.user.tobytes(), again.item.tobytes())


def test_rows_and_columns_without_interactions_get_zeros(spark: "SparkSession") -> None:
    history = history_of({"ann": {"e1": 1.0}, "nobody": {}, "zoe": {"e1": 1.0}}, items="never")
    factors = spark_als.fit(spark, history.matrix, CONFIG)
    assert (factors.user.shape, factors.item.shape) == ((3, 2), (2, 2))
    assert factors.user[1].tolist() == [0.0, 0.0]
    assert factors.item[1].tolist() == [0.0, 0.0]
    assert float(factors.user[2] @ factors.item[0]) == pytest.approx(1.0, abs=0.1)
