"""Recommendations group: how good the lists were, measured on what listeners did afterwards."""

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
from podrec_assets.schemas import (
    ALS_TOP_N,
    EPISODES,
    LISTS,
    RECOMMENDATION_QUALITY,
    SIMILARITIES,
    USER_EVENTS,
)

PLOTTED_DAYS = 30


@table_asset(
    RECOMMENDATION_QUALITY,
    group_name="recommendations",
    kinds={"deltalake", "python"},
    # The first day has no lists of the day before. The content group only describes lists.
    automation_condition=nightly(
        optional=dg.AssetSelection.assets(LISTS, ALS_TOP_N, SIMILARITIES, EPISODES.name)
    ),
    deps=[
        *(
            dg.AssetDep(name, partition_mapping=DAY_BEFORE)
            for name in (LISTS, ALS_TOP_N, SIMILARITIES)
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
    """One row is one metric of one ranker: the lists of the day before against the day's plays.

    The ranker `blend` is the newest lists that passed the gate, or else the newest that it has
    not judged. It is compared with ALS, popularity and random. Each value has a bootstrap interval.
    Click-through needs players that report impressions. If the day before has no such lists, or
    none of ALS, the day has no ranking metrics.

    - Write: replaces the day.
    - Late data: counts when the day is materialized again.
    - Fails when a day of the history window was never written.
    """
    rows: list[dict] = []
    for day in run_days(context):
        day_before, settings = day - timedelta(days=1), connections.settings
        lists = {
            "blend": _published(connections, day_before),
            "als": connections.mongo.latest_documents(ALS_TOP_N, day_before),
        }
        metrics = click_through(shown_and_clicked(connections.lake, day, settings), settings.seed)
        if all(lists.values()):
            history = history_of_window(user_vs_episode_daily, day_before, settings)
            played = of_window(user_vs_episode_daily, day, 1)
            near = connections.mongo.latest_documents(SIMILARITIES, day_before)
            metrics += quality_of_lists(
                lists, history, played, settings.seed, near, _shows(connections, day)
            )
        rows += [{**row, "day": day} for row in metrics]
    return dg.MaterializeResult(
        value=RECOMMENDATION_QUALITY.rows(rows),
        metadata={
            "over_days": dg.MetadataValue.md(
                quality_over_days(_with_earlier(connections, rows, run_days(context)))
            )
        },
    )


def _published(connections: Connections, day: date) -> list[dict]:
    """The day's newest lists that passed the gate, or else the newest it has not judged."""
    versions = connections.mongo.versions(LISTS, day)
    unjudged = next((v for v in versions if not v.verdict), None)
    chosen = next((v for v in versions if v.verdict and v.verdict.allows), unjudged)
    return connections.mongo.documents(LISTS, chosen.version) if chosen else []


def _shows(connections: Connections, day: date) -> dict[str, str]:
    """show_id by episode_id of the episodes announced up to a day."""
    rows = connections.lake.read(EPISODES.name, f"day <= '{day}'", ("episode_id", "show_id"))
    return dict(zip(rows["episode_id"].to_pylist(), rows["show_id"].to_pylist(), strict=True))


def _with_earlier(connections: Connections, rows: list[dict], days: list[date]) -> list[dict]:
    """The rows of the run and the stored ones of the last PLOTTED_DAYS days."""
    window = connections.lake.read_window(
        RECOMMENDATION_QUALITY.name, days[-1], PLOTTED_DAYS
    ).to_pylist()
    return [r for r in window if r["day"] not in days] + rows
