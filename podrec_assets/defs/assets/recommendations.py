"""Recommendations group: blend weights, ranked lists with reasons, and the publication pointer."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from podrec_assets.day_windows import catalogue, of_window
from podrec_assets.defs.assets.decorators import collection_asset, daily_asset, table_asset
from podrec_assets.defs.automation import nightly
from podrec_assets.defs.io_managers.mongo import DailyDocs
from podrec_assets.defs.partitions import (
    CALIBRATION_DAYS,
    CATALOGUE,
    EVENTS_AFTER_MODELS,
    HISTORY,
    MODELS_BEFORE,
    run_days,
)
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import (
    history_of_window,
    history_until,
    shown_and_clicked,
)
from podrec_assets.pipelines.recommend.withdrawn_episodes import (
    read_withdrawals,
    withdrawn_items,
    withdrawn_of,
)
from podrec_assets.recommend.evaluation.plots import alpha_curves
from podrec_assets.recommend.ranking.alpha_calibration import AlphaTrial, calibrated_weights
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import (
    ALS_TOP_N,
    FUSION_WEIGHTS,
    LISTS,
    SIMILARITIES,
    USER_EVENTS,
    WITHDRAWALS,
)
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import publishing, retention

GROUP = "recommendations"
# What is withdrawn when lists are made or served counts, and a day may have no such record.
LISTS_AUTOMATION = nightly(optional=dg.AssetSelection.assets(WITHDRAWALS.name))


@table_asset(
    FUSION_WEIGHTS,
    group_name=GROUP,
    kinds={"deltalake", "python"},
    # Calibration replays the models of earlier days, and the first days have none.
    automation_condition=nightly(optional=dg.AssetSelection.assets(ALS_TOP_N, SIMILARITIES)),
    ins={
        "user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY),
        "episodes": dg.AssetIn(partition_mapping=CATALOGUE),
    },
    deps=[
        dg.AssetDep(ALS_TOP_N, partition_mapping=MODELS_BEFORE),
        dg.AssetDep(SIMILARITIES, partition_mapping=MODELS_BEFORE),
        dg.AssetDep(USER_EVENTS.name, partition_mapping=EVENTS_AFTER_MODELS),
    ],
)
def fusion_weights(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    user_vs_episode_daily: pa.Table,
    episodes: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one bucket of listeners by history length, with its alpha: the share of ALS.

    The models of earlier days are blended with every alpha and measured on the clicks that
    followed, each divided by the probability that its position is seen; with too few clicks, on the
    plays that followed. Alpha leaves the configured default only for a difference outside noise.
    Days without earlier models have the default. The row has the curve that alpha was chosen from.

    - Write: replaces the day.
    - Late data: counts from the next day on, which replays the same days again.
    - Fails when a day of the history or catalogue window was never written.
    """
    rows: list[dict] = []
    settings = connections.settings
    for day in run_days(context):
        history = history_of_window(user_vs_episode_daily, day, settings)
        counts = {user: len(heard) for user, heard in history.seen.items()}
        trials = _trials(connections, day, user_vs_episode_daily, episodes)
        weights = calibrated_weights(
            counts,
            trials,
            settings.fusion_alpha,
            BlendConfig.from_settings(settings),
            settings.seed,
        )
        rows += [{**row, "day": day} for row in weights]
    last = [r for r in rows if r["day"] == run_days(context)[-1]]
    return dg.MaterializeResult(
        value=FUSION_WEIGHTS.rows(rows),
        metadata={
            "curve": dg.MetadataValue.md(alpha_curves(last)),
            "alpha": {r["bucket"]: r["alpha"] for r in last},
            "source": {r["bucket"]: r["source"] for r in last},
        },
    )


def _trials(
    connections: Connections, day: date, daily: pa.Table, episodes: pa.Table
) -> Iterator[AlphaTrial]:
    """The earlier days that have models, each with what was played on the day after it."""
    for days_back in range(1, CALIBRATION_DAYS + 1):
        model_day = day - timedelta(days=days_back)
        als, similarities = (
            connections.mongo.latest_documents(name, model_day)
            for name in (ALS_TOP_N, SIMILARITIES)
        )
        if als and similarities:
            heard = history_of_window(daily, model_day, connections.settings)
            known = catalogue(episodes, model_day, Settings.catalogue_days)
            after = model_day + timedelta(days=1)
            shown = shown_and_clicked(connections.lake, after, connections.settings)
            inputs = RankingInputs(heard, als, similarities, known, model_day)
            yield AlphaTrial(inputs, of_window(daily, after, 1), shown)


@collection_asset(
    LISTS,
    group_name=GROUP,
    kinds={"mongodb", "python"},
    automation_condition=LISTS_AUTOMATION,
    ins={
        "user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY),
        "episodes": dg.AssetIn(partition_mapping=CATALOGUE),
    },
    deps=[WITHDRAWALS.name],
)
def final_recommendations(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    als_top_n: DailyDocs,
    similarities: DailyDocs,
    fusion_weights: pa.Table,
    user_vs_episode_daily: pa.Table,
    episodes: pa.Table,
) -> dg.MaterializeResult[DailyDocs]:
    """One document is one listener's ranked list, each item with its score, parts and reason.

    score = alpha * ALS + (1 - alpha) * cosine, both normalised per listener, plus terms for
    reception and newness. Candidates come from ALS, from similarity to liked episodes, from popular
    and from new episodes. The user_id "" has the newcomers' list. No list contains an episode that
    its listener has heard, or that is withdrawn when the list is made. In an experiment, some lists
    are interleaved with a challenger's.

    - Write: a new version. The blocking checks of the gate decide whether it may be published.
    - Late data: counts from the next version on.
    - Fails when a model, the weights or a day of a window is missing.
    """
    settings, documents = connections.settings, DailyDocs()
    state = read_withdrawals(connections)
    for day in run_days(context):
        history = history_until(connections.lake, user_vs_episode_daily, day, settings)
        weights = [w for w in fusion_weights.to_pylist() if w["day"] == day]
        known = catalogue(episodes, day, Settings.catalogue_days)
        withdrawn = withdrawn_of(state, known)
        inputs = RankingInputs(history, als_top_n[day], similarities[day], known, day, withdrawn)
        documents[day] = recommend(
            inputs, weights, BlendConfig.from_settings(settings), Experiment.from_settings(settings)
        )
    lists = [len(d["items"]) for docs in documents.values() for d in docs]
    return dg.MaterializeResult(
        value=documents,
        metadata={
            "list_count": len(lists),
            "mean_list_length": round(sum(lists) / max(1, len(lists)), 2),
            "interleaved_list_count": sum(
                "challenger_alpha" in d for docs in documents.values() for d in docs
            ),
        },
    )


@daily_asset(
    "publication",
    group_name=GROUP,
    kinds={"mongodb"},
    automation_condition=LISTS_AUTOMATION,
    deps=[ALS_TOP_N, SIMILARITIES, LISTS, WITHDRAWALS.name],
)
def publication(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """The one pointer to the served versions: a day's lists and the models they were made from.

    It names the newest lists of the run's last day that passed the gate. An older day never
    replaces the one that is served. Readers leave out items of the lists that are withdrawn by now,
    e.g. of lists served again. Versions of days past `keep_days` are pruned, except the
    served and the previous ones.

    - Write: moves the pointer by compare-and-set.
    - Late data: does not move the pointer; new lists do.
    - Fails when the gate refused the day's lists or has not judged them.
    """
    mongo, day = connections.mongo, run_days(context)[-1]
    current = mongo.publication()
    if current is None or day >= current.day:
        versions = publishing.publishable(mongo, day)
        withdrawn = withdrawn_items(connections, versions[LISTS])
        current = publishing.advance(mongo, day, versions, withdrawn)
    pruned = retention.prune(mongo, connections.settings.keep_days)
    return dg.MaterializeResult(
        metadata={
            "served_day": current.day.isoformat(),
            "versions": current.versions,
            "move_count": current.v,
            "withdrawn_item_count": len(current.withdrawn),
            "pruned_version_count": len(pruned),
        }
    )
