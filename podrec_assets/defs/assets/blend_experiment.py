"""The experiment on the blend: an asset of the recommendations group that tells which of two blends
listeners prefer.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import nightly
from podrec_assets.defs.partitions import DAY_BEFORE, LATE, run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.evaluation.plots import preference_over_days
from podrec_assets.recommend.ranking.interleaving import ANSWERS, outcomes, pooled, verdict
from podrec_assets.schemas import BLEND_EXPERIMENT, LISTS, USER_EVENTS

POOLED_DAYS = 30
COUNTED = ("a_win_count", "b_win_count", "tie_count")
COLUMNS = ("user_id", "list_version", "episode_id", "kind")


@table_asset(
    BLEND_EXPERIMENT,
    group_name="recommendations",
    kinds={"deltalake", "python"},
    # The lists of the eve are judged where there are any; the first day of all has none.
    automation_condition=nightly(optional=dg.AssetSelection.assets("final_recommendations")),
    deps=[
        dg.AssetDep("user_events", partition_mapping=LATE),
        dg.AssetDep("final_recommendations", partition_mapping=DAY_BEFORE),
        # Not read: a day's score is made again once the day has ended, and by that its answers are
        # known to have landed.
        "user_vs_episode_daily",
    ],
)
def blend_experiment(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult[pa.Table]:
    """One row is one challenger of the served blend on one day: how many listeners preferred which,
    in interleaved lists.

    Counts what was answered (clicked, played, liked) in lists whose version the events name,
    whenever the list was made. The metadata adds up the days and says what they show. Replaces the
    day. Late events count when the day is made again; lists that were pruned count no more. A day
    without an experiment has no rows.
    """
    rows: list[dict] = []
    days = run_days(context)
    for day in days:
        events = _answers(connections, day)
        rows += [{**row, "day": day} for row in outcomes(_interleaved(connections, events), events)]
    window = connections.lake.read_window(BLEND_EXPERIMENT.name, days[-1], POOLED_DAYS).to_pylist()
    all_days = [r for r in window if r["day"] not in days] + rows
    return dg.MaterializeResult(
        value=BLEND_EXPERIMENT.rows(rows),
        metadata={
            "result": dg.MetadataValue.md(_told(pooled(all_days))),
            "over_days": dg.MetadataValue.md(preference_over_days(all_days)),
            "interleaved_listener_count": sum(sum(r[c] for c in COUNTED) for r in rows),
        },
    )


def _answers(connections: Connections, day: date) -> pa.Table:
    kinds = ", ".join(f"'{kind}'" for kind in ("impression", *ANSWERS))
    return connections.lake.read(
        USER_EVENTS.name,
        f"event_day = '{day}' AND list_version IS NOT NULL AND kind IN ({kinds})",
        COLUMNS,
    )


def _interleaved(connections: Connections, events: pa.Table) -> Iterator[tuple[str, dict]]:
    """Documents, each with its version, of the lists that events name and that were made with an
    experiment.
    """
    named = set(events["list_version"].to_pylist())
    for made in connections.mongo.versions(LISTS) if named else []:
        if made.version in named and made.manifest.get("settings", {}).get("experiment_share"):
            yield from (
                (made.version, document)
                for document in connections.mongo.documents(LISTS, made.version)
            )


def _told(result: list[dict]) -> str:
    """The days added up as a Markdown table, a row a challenger."""
    if not result:
        return f"_No interleaved list was shown in {POOLED_DAYS} days: PODREC_EXPERIMENT_SHARE begins an experiment._"
    head = "| challenger's alpha | days | served wins | challenger wins | ties | p | |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {r['challenger_alpha']:g} | {r['day_count']} | {r['a_win_count']} | {r['b_win_count']} | {r['tie_count']} "
        f"| {'' if r['p_value'] is None else format(r['p_value'], '.3g')} | {verdict(r)} |"
        for r in result
    )
