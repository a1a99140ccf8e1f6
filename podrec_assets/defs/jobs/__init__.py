"""Jobs for people who start things by name in the UI: a day's facts, its models, tuning, a
rollback, an old list made again, the lake's upkeep.
"""

from typing import Any

import dagster as dg

from podrec_assets.defs.freshness import FACTS, MODELS
from podrec_assets.defs.jobs.rebuild import rebuild_list
from podrec_assets.defs.jobs.rollback import rollback
from podrec_assets.defs.jobs.upkeep import upkeep, weekly_upkeep

JOBS: list[Any] = [
    rollback,
    rebuild_list,
    upkeep,
    dg.define_asset_job(
        "daily_facts",
        dg.AssetSelection.assets(*FACTS),
        description="Lands a day of both topics and makes its facts.",
    ),
    dg.define_asset_job(
        "models_and_publication",
        dg.AssetSelection.assets(*MODELS),
        description="Makes a day's models and lists and publishes them.",
    ),
    dg.define_asset_job(
        "tune_als",
        dg.AssetSelection.assets("als_tuning"),
        description="Tries settings of ALS on a day's history; what to adopt is in the metadata of als_tuning.",
    ),
]
SCHEDULES = [weekly_upkeep]
