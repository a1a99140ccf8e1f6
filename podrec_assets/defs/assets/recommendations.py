"""Recommendations group: blend weights, ranked lists with reasons, and the published pointer."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from podrec_assets.day_windows import catalogue, of_window
from podrec_assets.defs.assets.decorators import collection_asset, daily_asset, table_asset
from podrec_assets.defs.automation import MODELS, nightly
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
from podrec_assets.recommend.evaluation.plots import alpha_curves
from podrec_assets.recommend.ranking.alpha_calibration import Trial, calibrated_weights
from podrec_assets.recommend.ranking.blend import BlendConfig
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import FUSION_WEIGHTS, USER_EVENTS
from podrec_assets.settings import Settings

GROUP = "recommendations"


@table_asset(
    FUSION_WEIGHTS,
    group_name=GROUP,
    kinds={"deltalake", "python"},
    # Calibration replays the eves' models, and the first days have no eves.
    automation_condition=nightly(optional=dg.AssetSelection.assets("als_top_n", "similarities")),
    ins={
        "user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY),
        "episodes": dg.AssetIn(partition_mapping=CATALOGUE),
    },
    deps=[
        dg.AssetDep("als_top_n", partition_mapping=MODELS_BEFORE),
        dg.AssetDep("similarities", partition_mapping=MODELS_BEFORE),
        dg.AssetDep(USER_EVENTS.name, partition_mapping=EVENTS_AFTER_MODELS),
    ],
)
def fusion_weights(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    user_vs_episode_daily: pa.Table,
    episodes: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one history-length bucket's share of ALS in the blend (alpha) on that day, with
    the curve it was chosen from.

    The last days' models are blended again with every alpha and measured on what was then clicked
    in the lists shown, each click over the probability that its position is looked at; where too
    few were, on what was then played. Alpha moves from the settings' default only outside noise.
    Replaces the day. Days without models before them give the default.
    """
    rows: list[dict] = []
    settings = connections.settings
    for day in run_days(context):
        history = history_of_window(user_vs_episode_daily, day, settings)
        counts = {user: len(heard) for user, heard in history.seen.items()}
        trials = _trials(connections, day, user_vs_episode_daily, episodes)
        weights = calibrated_weights(
            counts, trials, settings.fusion_alpha, BlendConfig.of(settings), settings.seed
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
) -> Iterator[Trial]:
    """The days before `day` that have models, each with what was played on the day after it."""
    for back in range(1, CALIBRATION_DAYS + 1):
        eve = day - timedelta(days=back)
        als, similarities = (
            connections.mongo.latest_documents(name, eve) for name in ("als_top_n", "similarities")
        )
        if als and similarities:
            heard = history_of_window(daily, eve, connections.settings)
            known = catalogue(episodes, eve, Settings.catalogue_days)
            after = eve + timedelta(days=1)
            shown = shown_and_clicked(connections.lake, after)
            yield Trial(heard, als, similarities, known, of_window(daily, after, 1), eve, shown)


@collection_asset(
    "final_recommendations",
    group_name=GROUP,
    kinds={"mongodb", "python"},
    automation_condition=MODELS,
    ins={
        "user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY),
        "episodes": dg.AssetIn(partition_mapping=CATALOGUE),
    },
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
    """One document is one listener's ranked list as of the day, each item with score, parts and a
    reason.

    score = alpha * ALS + (1 - alpha) * cosine, both normalised per listener, plus what reception
    and newness add; candidates are the union of ALS, kin of what was liked, popular and fresh.
    user_id "" holds the newcomers' list. Nothing heard is in it. Listeners of an experiment get
    their list interleaved with the challenger's. Writes a new version; the gate's blocking checks
    decide whether it may be published.
    """
    settings, found = connections.settings, DailyDocs()
    for day in run_days(context):
        history = history_until(connections.lake, user_vs_episode_daily, day, settings)
        weights = [w for w in fusion_weights.to_pylist() if w["day"] == day]
        found[day] = recommend(
            history,
            als_top_n[day],
            similarities[day],
            catalogue(episodes, day, Settings.catalogue_days),
            weights,
            BlendConfig.of(settings),
            day,
            Experiment.of(settings),
        )
    lists = [len(d["items"]) for docs in found.values() for d in docs]
    return dg.MaterializeResult(
        value=found,
        metadata={
            "list_count": len(lists),
            "mean_list_length": round(sum(lists) / max(1, len(lists)), 2),
            "interleaved_list_count": sum(
                "challenger_alpha" in d for docs in found.values() for d in docs
            ),
        },
    )


@daily_asset(
    "publication",
    group_name=GROUP,
    kinds={"mongodb"},
    automation_condition=MODELS,
    deps=["als_top_n", "similarities", "final_recommendations"],
)
def publication(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """The one pointer to the versions that readers are served, moved after the blocking checks
    passed.

    Moves by compare-and-set to the newest lists of the run's last day that the gate let pass, and
    to the models they were made from; lists that it refused or has not judged fail the run. An
    older day than the one served never replaces it. Versions of days past `keep_days` are pruned,
    the served and the previous one never.
    """
    mongo, day = connections.mongo, run_days(context)[-1]
    current = mongo.publication()
    if current is None or day >= current.day:
        current = mongo.advance(day, mongo.publishable(day))
    pruned = mongo.prune(connections.settings.keep_days)
    return dg.MaterializeResult(
        metadata={
            "served_day": current.day.isoformat(),
            "versions": current.versions,
            "move_count": current.v,
            "pruned_version_count": len(pruned),
        }
    )
