"""Recommendations group: a search for better ALS settings, which fits many models. Run by hand."""

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
from podrec_assets.recommend.als.tuning import Budget, TuningTrial, adoption, tune
from podrec_assets.recommend.evaluation.plots import tuning_trials
from podrec_assets.schemas import ALS_TUNING
from podrec_assets.settings import Settings


@table_asset(
    ALS_TUNING,
    group_name="recommendations",
    kinds={"deltalake", "spark"},
    pool="spark",
    # Listening changes slowly: the badge asks for a new search twice a year.
    freshness_policy=quiet_at_most(warn=timedelta(days=180), fail=timedelta(days=365)),
    ins={"user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY)},
)
def als_tuning(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
    user_vs_episode_daily: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one trial of ALS settings, fitted without the last days and measured on them.

    The measure is what listeners newly played in those days. The current settings and popularity
    are among the rows. Run the job `tune_als`; nothing changes by itself. To adopt the result, set
    the variables shown in the metadata. The trials depend only on the settings, unless
    `tuning_seconds` ends them early, which the metadata reports. In a range, the latest day comes
    first. A day without new plays, or for which no time is left, has no rows.

    - Write: replaces the day.
    - Late data: counts when the day is materialized again.
    - Fails when a day of the history window was never written.
    """
    settings = connections.settings
    engine = build_engine(settings, lambda: spark.session(settings))
    current = TuningTrial(AlsConfig.from_settings(settings), settings.half_life_days)
    budget = Budget(settings.tuning_trials, settings.tuning_seconds, settings.tuning_days)
    engine.warm_up()
    rows: list[dict] = []
    started = time.monotonic()
    for day in reversed(run_days(context)):
        seconds_left = budget.seconds - (time.monotonic() - started)
        if seconds_left > 0:
            history = of_window(user_vs_episode_daily, day, Settings.history_days)
            day_budget = replace(budget, seconds=seconds_left)
            trials = tune(history, day, current, engine.fit_als, day_budget, settings.weight_like)
            rows += [{**row, "day": day} for row in trials]
    last = [r for r in rows if r["day"] == run_days(context)[-1]]
    trial_count = sum(r["ranker"] == "als" for r in last)
    return dg.MaterializeResult(
        value=ALS_TUNING.rows(rows),
        metadata={
            "adopt": adoption(last),
            "trials": dg.MetadataValue.md(tuning_trials(last)),
            "trial_count": trial_count,
            "ended_by_time": 0 < trial_count < budget.trials,
        },
    )
