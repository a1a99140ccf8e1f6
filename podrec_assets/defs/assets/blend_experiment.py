"""Recommendations group: an experiment that measures which of two blends listeners prefer."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import nightly
from podrec_assets.defs.partitions import DAY_BEFORE, LATE, run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.evaluation.plots import preference_over_days
from podrec_assets.recommend.ranking.interleaving import (
    COLUMNS,
    RESPONSES,
    UNDOES,
    outcomes,
    pooled,
    verdict,
)
from podrec_assets.schemas import BLEND_EXPERIMENT, LISTS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores.delta import is_one_of, on_days

POOLED_DAYS = 30
COUNTED = ("a_win_count", "b_win_count", "tie_count")


@table_asset(
    BLEND_EXPERIMENT,
    group_name="recommendations",
    kinds={"deltalake", "python"},
    # The first day has no lists of the day before.
    automation_condition=nightly(optional=dg.AssetSelection.assets(LISTS)),
    deps=[
        dg.AssetDep(USER_EVENTS.name, partition_mapping=LATE),
        dg.AssetDep(LISTS, partition_mapping=DAY_BEFORE),
        # Not read. The score is computed again once its day is over, so after that the day's
        # answers have landed.
        USER_VS_EPISODE_DAILY.name,
    ],
)
def blend_experiment(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult[pa.Table]:
    """One row is one challenger of the served blend: how many listeners preferred which blend.

    An answer is a click, play, like or share in an interleaved list whose version the event
    names, whenever the list was made; a like that is taken back that day is none. Pruned lists no
    longer count. The metadata adds up the days and states the result. A day without an experiment
    has no rows.

    - Write: replaces the day.
    - Late data: counts when the day is materialized again.
    - Fails when Mongo cannot be reached.
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
            "result": dg.MetadataValue.md(_result_table(pooled(all_days))),
            "over_days": dg.MetadataValue.md(preference_over_days(all_days)),
            "interleaved_listener_count": sum(sum(r[c] for c in COUNTED) for r in rows),
        },
    )


def _answers(connections: Connections, day: date) -> pa.Table:
    answers = is_one_of("kind", ("impression", *RESPONSES))
    return connections.lake.read(
        USER_EVENTS.name,
        f"{on_days([day], 'event_day')} AND (list_version IS NOT NULL AND {answers} "
        f"OR {is_one_of('kind', UNDOES)})",
        COLUMNS,
    )


def _interleaved(connections: Connections, events: pa.Table) -> Iterator[tuple[str, dict]]:
    """(version, document) of each list that the events name and that was part of an experiment."""
    named = set(events["list_version"].to_pylist())
    for lists in connections.mongo.versions(LISTS) if named else []:
        if lists.version in named and lists.manifest.get("settings", {}).get("experiment_share"):
            for document in connections.mongo.documents(LISTS, lists.version):
                yield lists.version, document


def _result_table(pooled_days: list[dict]) -> str:
    """The sums over all days as a Markdown table, one row per challenger."""
    if not pooled_days:
        return (
            f"_No interleaved list was shown in {POOLED_DAYS} days. "
            "Set PODREC_EXPERIMENT_SHARE to start an experiment._"
        )
    lines = [
        "| challenger's alpha | days | served wins | challenger wins | ties | p | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in pooled_days:
        p_value = "" if row["p_value"] is None else format(row["p_value"], ".3g")
        lines.append(
            f"| {row['challenger_alpha']:g} | {row['day_count']} | {row['a_win_count']} "
            f"| {row['b_win_count']} | {row['tie_count']} | {p_value} | {verdict(row)} |"
        )
    return "\n".join(lines)
