"""The gate before publication: lists that must not be served stop the run.

The old publication stays. Each judged version keeps its verdict, so that no later run and no
command serves refused lists.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from podrec_assets.day_windows import catalogue, days_between, of_window
from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.interaction_history import history_until
from podrec_assets.recommend.ranking.list_drift import (
    COMPARISONS,
    Bounds,
    DriftBaseline,
    as_lists,
    comparisons,
)
from podrec_assets.recommend.ranking.list_validation import FAULTS, GateResult, faults
from podrec_assets.schemas import EPISODES, LISTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Verdict

REPLAY_DAYS = 7
"""Days after the lists' day whose plays measure how good they were."""
CONSEQUENCE = "If it fails, the old lists stay published."
DESCRIPTIONS = {
    "lists_fit_their_schema": "Each document has user_id and items. Each item has the fields "
    "that applications read, with their types.",
    "every_listener_has_a_list": "Every listener of the history window has a list, and so do "
    "newcomers.",
    "nothing_heard_is_listed": "No list contains an episode that its listener has heard or "
    "unliked.",
    "scores_are_finite_and_falling": "Scores are finite and never rise (in an experiment, among "
    "the items of one blend). Ranks count from 1. No list contains an episode twice.",
    "every_item_has_a_reason": "Each item has a reason.",
    "coverage_is_above_its_floor": "All lists together contain enough different episodes "
    "(PODREC_GATE_MIN_COVERAGE).",
    "churn_is_bounded": "Not too many unheard episodes of the served lists are gone "
    "(PODREC_GATE_MAX_CHURN).",
    "popularity_drift_is_bounded": "The listed episodes are about as popular as the served ones "
    "(PODREC_GATE_MAX_POPULARITY_DRIFT).",
    "quality_is_not_below_served": "nDCG@10 on the plays that followed is not significantly below "
    "that of the served lists.",
}


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(
            name, asset=LISTS, blocking=True, description=f"{DESCRIPTIONS[name]} {CONSEQUENCE}"
        )
        for name in (*FAULTS, *COMPARISONS)
    ],
)
def gate(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> Iterator[dg.AssetCheckResult]:
    newest = connections.mongo.latest_version(LISTS)
    first, last = days_of_run(context, newest.day if newest else None)
    days = days_between(first, last)
    daily = _daily_scores(connections, first, last)
    episodes = connections.lake.read_window(
        EPISODES.name, last, Settings.catalogue_days + len(days)
    )
    by_day = {day: _judge(connections, context.run.run_id, day, daily, episodes) for day in days}
    for name in (*FAULTS, *COMPARISONS):
        yield _check_result(
            name,
            {day: next(r for r in results if r.check == name) for day, results in by_day.items()},
        )


def _daily_scores(connections: Connections, first: date, last: date) -> pa.Table:
    """The history of the first day up to the plays after the last one."""
    end = last + timedelta(days=REPLAY_DAYS)
    days = Settings.history_days + (end - first).days
    return connections.lake.read_window(USER_VS_EPISODE_DAILY.name, end, days)


def _judge(
    connections: Connections, run_id: str, day: date, daily: pa.Table, episodes: pa.Table
) -> list[GateResult]:
    """Judges a day's newest lists, and stores the results as their verdict."""
    mongo, settings = connections.mongo, connections.settings
    version = mongo.latest_version(LISTS, day)
    documents = mongo.documents(LISTS, version.version) if version else []
    history = history_until(connections.lake, daily, day, settings)
    results = faults(documents, history)
    compared_with, served, why_not = _served(connections, day)
    if results[0].passed:
        known = set(catalogue(episodes, day, Settings.catalogue_days)["episode_id"].to_pylist())
        played = of_window(daily, day + timedelta(days=REPLAY_DAYS), REPLAY_DAYS)
        baseline = DriftBaseline(
            history, known, as_lists(served) if served is not None else None, why_not, played
        )
        results += comparisons(documents, baseline, bounds_of(settings))
    else:
        results += [
            GateResult(name, False, "not compared: the lists cannot be read")
            for name in COMPARISONS
        ]
    if version:
        findings = tuple(asdict(r) for r in results)
        mongo.judge(
            LISTS, version.version, Verdict(version.checksum, findings, run_id, compared_with)
        )
    return results


def _served(connections: Connections, day: date) -> tuple[str | None, list[dict] | None, str]:
    """The served version and its documents, to compare with; or None twice, and the reason."""
    current = connections.mongo.publication()
    if current is None:
        return None, None, "nothing is published yet"
    if current.day > day:
        return None, None, f"the served lists are of a newer day, {current.day}"
    version = current.versions[LISTS]
    return version, connections.mongo.documents(LISTS, version), ""


def bounds_of(settings: Settings) -> Bounds:
    """The gate's bounds in the settings."""
    return Bounds(
        settings.gate_min_coverage,
        settings.gate_max_churn,
        settings.gate_max_popularity_drift,
        settings.gate_min_listeners,
        settings.seed,
    )


def _check_result(name: str, by_day: dict[date, GateResult]) -> dg.AssetCheckResult:
    """One result for all days of the run: of the first failed day, or else of the last day."""
    refused = {day: f for day, f in by_day.items() if not f.passed}
    day, shown = next(iter(refused.items())) if refused else list(by_day.items())[-1]
    numbers = {"value": shown.value, "bound": shown.bound}
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=LISTS,
        passed=not refused,
        description=f"{day}: {shown.says}",
        metadata={
            **{k: float(v) for k, v in numbers.items() if v is not None},
            "day_count": len(by_day),
            **({"refused_days": [str(d) for d in refused]} if refused else {}),
        },
    )


CHECKS = [gate]
