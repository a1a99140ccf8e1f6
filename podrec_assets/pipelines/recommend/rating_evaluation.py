"""Evaluation of ALS on a file of ratings, compared with popularity and random rankings."""

import time
from collections.abc import Callable

from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.evaluation import offline
from podrec_assets.recommend.evaluation.rating_files import Ratings
from podrec_assets.recommend.evaluation.splits import held_out


def evaluate_ratings(
    engine: ComputeEngine,
    ratings: Ratings,
    config: AlsConfig,
    split: str,
    share: float,
    k: int,
    say: Callable[[str], None] = lambda _: None,
) -> dict:
    """Fits ALS on the training part of the ratings and measures it on the rest.

    Args:
        engine: what fits ALS.
        ratings: users, items and values.
        config: hyperparameters of ALS and the seed of all that is random.
        split: name of the split, as `held_out` takes it.
        share: share of the ratings that is held out.
        k: length of the ranked lists.
        say: called with each line of progress.

    Returns:
        users and items (counts), metrics by ranker, seconds of fitting and ranking.
    """
    mask = held_out(ratings, split, config.seed, share)
    train, test = ratings.matrix(~mask), ratings.matrix(mask)
    engine.warm_up()
    start = time.monotonic()
    say(f"fitting {train.nnz} interactions of {ratings.user_count} users")
    scorers = {
        "als": offline.als_scorer(engine.fit_als(train, config), train),
        "popularity": offline.popularity_scorer(train),
        "random": offline.random_scorer(train.shape[1], config.seed),
    }
    metrics: dict[str, dict] = {
        name: dict(offline.measure(scorer, train, test, k, config.seed))
        for name, scorer in scorers.items()
    }
    if split == "leave-one-out":
        for name, scorer in scorers.items():
            metrics[name] |= offline.measure_sampled(scorer, train, test, k, config.seed)
    return {
        "users": ratings.user_count,
        "items": ratings.item_count,
        "metrics": metrics,
        "seconds": round(time.monotonic() - start, 2),
    }
