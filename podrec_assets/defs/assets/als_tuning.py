"""Tuning of ALS: an asset of the recommendations group that is made by hand, for a search costs
many fits.
"""

import time
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pyarrow as pa

from podrec_assets.day_windows import of_window
from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.freshness import quiet_at_most
from podrec_assets.defs.partitions import HISTORY, run_days
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.pipelines.compute_engine import build_engine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.als.tuning import Budget, Trial, adoption, tune
from podrec_assets.recommend.evaluation.plots import tuning_trials
from podrec_assets.schemas import ALS_TUNING
from podrec_assets.settings import Settings


@table_asset(
    ALS_TUNING,
    group_name="recommendations",
    kinds={"deltalake", "spark"},
    pool="spark",
    # Listening changes slowly: a badge that asks for a new search twice a year.
    freshness_policy=quiet_at_most(warn=timedelta(days=180), fail=timedelta(days=365)),
    ins={"user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY)},
)
def als_tuning(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
    user_vs_episode_daily: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one trial of ALS settings: learned without the last days, measured on what was
    newly played in them.

    Beside the settings in force and popularity. Run it by the job `tune_als`; nothing follows it by
    itself: a person adopts what it chose by setting the variables that its metadata shows. Which
    trials are made depends on the settings alone, unless `tuning_seconds` of the run end them
    early, which the metadata says; of a range the latest days are searched first. Replaces the day.
    A day after which nothing new was played, or for which no time is left, has no rows.
    """
    settings = connections.settings
    engine = build_engine(settings, lambda: spark.session(settings))
    current = Trial(AlsConfig.from_settings(settings), settings.half_life_days)
    budget = Budget(settings.tuning_trials, settings.tuning_seconds, settings.tuning_days)
    engine.warm_up()
    rows: list[dict] = []
    begun = time.monotonic()
    for day in reversed(run_days(context)):
        left = budget.seconds - (time.monotonic() - begun)
        if left > 0:
            history = of_window(user_vs_episode_daily, day, Settings.history_days)
            found = tune(history, day, current, engine.fit_als, replace(budget, seconds=left))
            rows += [{**row, "day": day} for row in found]
    last = [r for r in rows if r["day"] == run_days(context)[-1]]
    made = sum(r["ranker"] == "als" for r in last)
    return dg.MaterializeResult(
        value=ALS_TUNING.rows(rows),
        metadata={
            "adopt": adoption(last),
            "trials": dg.MetadataValue.md(tuning_trials(last)),
            "trial_count": made,
            "ended_by_time": 0 < made < budget.trials,
        },
    )
