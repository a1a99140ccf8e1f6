"""Jobs that materialize assets: a day's facts, its models and lists, or a tuning of ALS."""

import dagster as dg

from podrec_assets.defs.freshness import FACTS, MODELS
from podrec_assets.schemas import ALS_TUNING

daily_facts = dg.define_asset_job(
    "daily_facts",
    dg.AssetSelection.assets(*FACTS),
    description="Lands a day of both topics and computes its facts.",
)
models_and_publication = dg.define_asset_job(
    "models_and_publication",
    dg.AssetSelection.assets(*MODELS),
    description="Computes a day's models and lists, and publishes them.",
)
tune_als = dg.define_asset_job(
    "tune_als",
    dg.AssetSelection.assets(ALS_TUNING.name),
    description="Tries ALS settings on a day's history. The metadata of als_tuning shows which to "
    "adopt.",
)
JOBS = [daily_facts, models_and_publication, tune_als]
