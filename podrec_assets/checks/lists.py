"""The gate before publication: lists that must not be served stop the run here, and the old publication stays."""

import dagster as dg

from podrec_assets.checks.days import days_of_run
from podrec_assets.listening.offsets import days_between
from podrec_assets.recommend.gate import list_problems
from podrec_assets.recommend.interactions import interactions
from podrec_assets.resources.connections import Connections
from podrec_assets.settings import Settings

SHOWN = 20


@dg.asset_check(
    asset="final_recommendations",
    blocking=True,
    description="Every listener and the newcomers have a list; nothing heard or unliked is in it; scores are finite and "
    "falling; each item has a reason. A failure keeps the old publication served.",
)
def lists_are_servable(context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    mongo, settings = connections.mongo, connections.settings
    newest = mongo.latest_version("final_recommendations")
    problems, count = [], 0
    for day in days_between(*days_of_run(context, newest.day if newest else None)):
        version = mongo.latest_version("final_recommendations", day)
        documents = mongo.documents("final_recommendations", version.version) if version else []
        window = connections.lake.read_window("user_vs_episode_daily", day, Settings.history_days)
        history = interactions(window, day, settings.half_life_days)
        problems += [f"{day}: {p}" for p in list_problems(documents, history)]
        count += len(documents)
    return dg.AssetCheckResult(
        passed=not problems, metadata={"list_count": count, "problem_count": len(problems), "problems": problems[:SHOWN]}
    )
