"""How good the lists were: an asset of the recommendations group that measures them on what
listeners then did.
"""

from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from podrec_assets.day_windows import of_window
from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import nightly
from podrec_assets.defs.partitions import CATALOGUE, DAY_BEFORE, HISTORY, LATE, run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import (
    history_of_window,
    shown_and_clicked,
)
from podrec_assets.recommend.evaluation.online import click_through, quality_of_lists
from podrec_assets.recommend.evaluation.plots import quality_over_days
from podrec_assets.schemas import EPISODES, LISTS, RECOMMENDATION_QUALITY, USER_EVENTS

PLOTTED_DAYS = 30


@table_asset(
    RECOMMENDATION_QUALITY,
    group_name="recommendations",
    kinds={"deltalake", "python"},
    # The lists of the eve are measured where there are any; the first day of all has none. What the
    # content group gives only describes them.
    automation_condition=nightly(
        optional=dg.AssetSelection.assets(
            "final_recommendations", "als_top_n", "similarities", EPISODES.name
        )
    ),
    deps=[
        *(
            dg.AssetDep(name, partition_mapping=DAY_BEFORE)
            for name in ("final_recommendations", "als_top_n", "similarities")
        ),
        dg.AssetDep(EPISODES.name, partition_mapping=CATALOGUE),
        dg.AssetDep(USER_EVENTS.name, partition_mapping=LATE),
    ],
    ins={"user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY)},
)
def recommendation_quality(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    user_vs_episode_daily: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one metric of one ranker: the lists of the day before against what was then
    played.

    `blend` are the lists that the gate let pass, always beside popularity and random, with a
    bootstrap interval; their click-through is there where players report impressions. Replaces the
    day. A day whose eve has no lists has no rows.
    """
    rows: list[dict] = []
    for day in run_days(context):
        eve, settings = day - timedelta(days=1), connections.settings
        lists = {
            "blend": _published(connections, eve),
            "als": connections.mongo.latest_documents("als_top_n", eve),
        }
        found = click_through(shown_and_clicked(connections.lake, day), settings.seed)
        if all(lists.values()):
            history = history_of_window(user_vs_episode_daily, eve, settings)
            played = of_window(user_vs_episode_daily, day, 1)
            near = connections.mongo.latest_documents("similarities", eve)
            found += quality_of_lists(
                lists, history, played, settings.seed, near, _shows(connections, day)
            )
        rows += [{**row, "day": day} for row in found]
    return dg.MaterializeResult(
        value=RECOMMENDATION_QUALITY.rows(rows),
        metadata={
            "over_days": dg.MetadataValue.md(
                quality_over_days(_with_earlier(connections, rows, run_days(context)))
            )
        },
    )


def _published(connections: Connections, day: date) -> list[dict]:
    """The day's newest lists that the gate let pass; without a verdict the newest."""
    versions = connections.mongo.versions(LISTS, day)
    unjudged = next((v for v in versions if not v.verdict), None)
    chosen = next((v for v in versions if v.verdict and v.verdict.allows), unjudged)
    return connections.mongo.documents(LISTS, chosen.version) if chosen else []


def _shows(connections: Connections, day: date) -> dict[str, str]:
    """episode_id -> show_id of what was announced up to a day."""
    rows = connections.lake.read(EPISODES.name, f"day <= '{day}'", ("episode_id", "show_id"))
    return dict(zip(rows["episode_id"].to_pylist(), rows["show_id"].to_pylist(), strict=True))


def _with_earlier(connections: Connections, rows: list[dict], days: list[date]) -> list[dict]:
    """The rows of the run and those of the PLOTTED_DAYS before its last day."""
    window = connections.lake.read_window(
        RECOMMENDATION_QUALITY.name, days[-1], PLOTTED_DAYS
    ).to_pylist()
    return [r for r in window if r["day"] not in days] + rows
