"""`podrec evaluate`: ALS on a file of ratings, compared with popularity and random."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from podrec_assets.cli.console import Json, emit, line, out, say
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.evaluation.rating_files import read_ratings
from podrec_assets.settings import Settings

Format = Literal["ml-100k", "lastfm", "csv"]
Split = Literal["random", "per-user-temporal", "global-temporal", "leave-one-out"]


def evaluate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ratings or play counts, optionally gzipped.")
    ],
    kind: Annotated[
        Format, typer.Option("--format", help="csv has the header user,item,value,timestamp.")
    ] = "csv",
    split: Annotated[
        Split, typer.Option("--split", help="How test ratings are chosen.")
    ] = "random",
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=0.9, help="Share of ratings in the test set.")
    ] = 0.25,
    engine: Annotated[
        Literal["spark", "local"], typer.Option("--engine", help="What fits ALS.")
    ] = "local",
    k: Annotated[int, typer.Option("--k", min=1, help="Length of the ranked lists.")] = 10,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the split, ALS, random ranks and intervals.")
    ] = 7,
    as_json: Json = False,
) -> None:
    """Evaluate ALS on a file of ratings, compared with popularity and random rankings.

    Uses podrec's ALS settings. Ranks all items except those in the user's training part.
    leave-one-out adds metrics sampled against 99 negatives, only for comparison with papers.

    Example: podrec evaluate ratings.csv --split per-user-temporal --json
    """
    from podrec_assets.defs.resources.spark import SparkResource
    from podrec_assets.pipelines.compute_engine import build_engine
    from podrec_assets.pipelines.recommend.rating_evaluation import evaluate_ratings

    ratings = read_ratings(file, kind)
    if ratings.left_out:
        say(f"left out {ratings.left_out} lines without a value above 0")
    settings = Settings.load().model_copy(update={"engine": engine})
    config = replace(AlsConfig.from_settings(settings), seed=seed)
    spark = SparkResource.from_settings(settings)
    try:
        compute_engine = build_engine(settings, lambda: spark.session(settings))
        document = evaluate_ratings(compute_engine, ratings, config, split, share, k, say)
    finally:
        spark.stop()
    document = {"dataset": file.name, "split": split, "engine": engine, **document}
    emit(document, as_json, _print_metrics)


def _print_metrics(document: dict) -> None:
    d = document
    sizes = f"{d['users']} users, {d['items']} items"
    about = f", {d['split']}: {sizes}, {d['engine']} engine, {d['seconds']} s"
    out.print(line((d["dataset"], "bold"), about))
    by_ranker = d["metrics"]
    grid = Table("", *by_ranker, box=None, header_style="bold", pad_edge=False)
    for name in next(iter(by_ranker.values())):
        if name == "ci":
            intervals = (values["ci"] for values in by_ranker.values())
            cells = [f"{low:.3f} to {high:.3f}" for low, high in intervals]
            grid.add_row("95 % of nDCG", *cells)
        else:
            grid.add_row(name, *(f"{values[name]:.3f}" for values in by_ranker.values()))
    out.print(grid)
