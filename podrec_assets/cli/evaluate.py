"""`podrec evaluate`: ALS on anybody's ratings, beside popularity and random."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.pipelines.compute_engine import ComputeEngine, build_engine
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.evaluation import offline
from podrec_assets.recommend.evaluation.rating_files import Ratings, read_ratings
from podrec_assets.recommend.evaluation.splits import held_out

Format = Literal["ml-100k", "lastfm", "csv"]
Split = Literal["random", "per-user-temporal", "global-temporal", "leave-one-out"]


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(evaluate)


def evaluate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ratings or play counts, gzipped or not.")
    ],
    kind: Annotated[
        Format, typer.Option("--format", help="csv has a header: user,item,value,timestamp.")
    ] = "csv",
    split: Annotated[Split, typer.Option("--split", help="What is held out.")] = "random",
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=0.9, help="Share that is held out.")
    ] = 0.25,
    engine: Annotated[
        Literal["spark", "local"], typer.Option("--engine", help="Engine of ALS.")
    ] = "local",
    k: Annotated[int, typer.Option("--k", min=1, help="Places of a list that count.")] = 10,
    seed: Annotated[
        int, typer.Option("--seed", help="Of the split, ALS, the random ranker and the intervals.")
    ] = 7,
    as_json: Json = False,
) -> None:
    """Measure ALS with podrec's settings on ratings of your own: full ranking, items of the
    training part left out.

    leave-one-out adds sampled metrics against 99 negatives, for comparison with papers only.

    Example: podrec evaluate ratings.csv --split per-user-temporal --json
    """
    ratings = read_ratings(file, kind)
    if ratings.left_out:
        say(f"left out {ratings.left_out} lines without a value above 0")
    connections = connect()
    s = connections.settings.model_copy(update={"engine": engine})
    connections.settings = s
    config = replace(AlsConfig.from_settings(s), seed=seed)
    spark = SparkResource.from_settings(s)
    try:
        document = evaluate_ratings(
            build_engine(s, lambda: spark.session(s)), ratings, config, split, share, k
        )
    finally:
        spark.stop()
    emit({"dataset": file.name, "split": split, "engine": engine, **document}, as_json, _print)


def evaluate_ratings(
    engine: ComputeEngine, ratings: Ratings, config: AlsConfig, split: str, share: float, k: int
) -> dict:
    """users, items, metrics by ranker, seconds (of fitting and ranking, without starting Spark)."""
    mask = held_out(ratings, split, config.seed, share)
    train, test = ratings.matrix(~mask), ratings.matrix(mask)
    engine.warm_up()
    begun = time.monotonic()
    say(f"fitting {train.nnz} interactions of {ratings.user_count} users")
    scorers = {
        "als": offline.als_scorer(engine.fit_als(train, config), train),
        "popularity": offline.popularity_scorer(train),
        "random": offline.random_scorer(train.shape[1], config.seed),
    }
    found: dict[str, dict] = {
        name: dict(offline.measure(scorer, train, test, k, config.seed))
        for name, scorer in scorers.items()
    }
    if split == "leave-one-out":
        for name, scorer in scorers.items():
            found[name] |= offline.measure_sampled(scorer, train, test, k, config.seed)
    return {
        "users": ratings.user_count,
        "items": ratings.item_count,
        "metrics": found,
        "seconds": round(time.monotonic() - begun, 2),
    }


def _print(document: dict) -> None:
    out.print(
        f"[bold]{document['dataset']}[/], {document['split']}: {document['users']} users, {document['items']} items, "
        f"{document['engine']} engine, {document['seconds']} s"
    )
    by_ranker = document["metrics"]
    grid = Table("", *by_ranker, box=None, header_style="bold", pad_edge=False)
    for name in next(iter(by_ranker.values())):
        if name == "ci":
            grid.add_row(
                "95 % of nDCG",
                *(
                    f"{low:.3f} to {high:.3f}"
                    for low, high in (v["ci"] for v in by_ranker.values())
                ),
            )
        else:
            grid.add_row(name, *(f"{values[name]:.3f}" for values in by_ranker.values()))
    out.print(grid)
