"""The gate before publication: lists that must not be served stop the run here, and the old
publication stays.

The verdict is left on each judged version, so that no later run and no command serves what was
refused.
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
    Evidence,
    as_lists,
    comparisons,
)
from podrec_assets.recommend.ranking.list_validation import FAULTS, Finding, faults
from podrec_assets.schemas import LISTS
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Verdict

REPLAY_DAYS = 7
"""Days after the lists' day whose plays tell how good they were."""
KEPT = "A failure keeps the old list served."
DESCRIPTIONS = {
    "lists_fit_their_schema": "Each document has user_id and items; each item has the fields that the app reads, in their types.",
    "every_listener_has_a_list": "Every listener of the history window has a list, and so have newcomers.",
    "nothing_heard_is_listed": "No list holds an episode that its listener has heard, or whose like was taken back.",
    "scores_are_finite_and_falling": "Scores are numbers and never rise (in an experiment, within a blend's items); ranks count "
    "from 1; no list holds an episode twice.",
    "every_item_has_a_reason": "Each item says why it is there.",
    "coverage_is_above_its_floor": "All lists together hold enough different episodes (PODREC_GATE_MIN_COVERAGE).",
    "churn_is_bounded": "Not too much of what is shown now and unheard is gone (PODREC_GATE_MAX_CHURN).",
    "popularity_drift_is_bounded": "What is shown is about as popular as what is served (PODREC_GATE_MAX_POPULARITY_DRIFT).",
    "quality_is_not_below_served": "On what was then played, nDCG@10 is not significantly below the served lists'.",
}


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(
            name, asset=LISTS, blocking=True, description=f"{DESCRIPTIONS[name]} {KEPT}"
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
    daily = _span(connections, first, last)
    episodes = connections.lake.read_window("episodes", last, Settings.catalogue_days + len(days))
    by_day = {day: _judge(connections, context.run.run_id, day, daily, episodes) for day in days}
    for name in (*FAULTS, *COMPARISONS):
        yield _result(
            name, {day: next(f for f in found if f.check == name) for day, found in by_day.items()}
        )


def _span(connections: Connections, first: date, last: date) -> pa.Table:
    begin, end = first - timedelta(days=Settings.history_days), last + timedelta(days=REPLAY_DAYS)
    return connections.lake.read("user_vs_episode_daily", f"day > '{begin}' AND day <= '{end}'")


def _judge(
    connections: Connections, run_id: str, day: date, daily: pa.Table, episodes: pa.Table
) -> list[Finding]:
    """The findings on a day's newest lists, left on them as their verdict."""
    mongo, settings = connections.mongo, connections.settings
    version = mongo.latest_version(LISTS, day)
    documents = mongo.documents(LISTS, version.version) if version else []
    history = history_until(connections.lake, daily, day, settings)
    found = faults(documents, history)
    compared_with, served, why_not = _served(connections, day)
    if found[0].passed:
        known = set(catalogue(episodes, day, Settings.catalogue_days)["episode_id"].to_pylist())
        played = of_window(daily, day + timedelta(days=REPLAY_DAYS), REPLAY_DAYS)
        evidence = Evidence(
            history, known, as_lists(served) if served is not None else None, why_not, played
        )
        found += comparisons(documents, evidence, bounds_of(settings))
    else:
        found += [
            Finding(name, False, "not compared: the lists cannot be read") for name in COMPARISONS
        ]
    if version:
        findings = tuple(asdict(f) for f in found)
        mongo.judge(
            LISTS, version.version, Verdict(version.checksum, findings, run_id, compared_with)
        )
    return found


def _served(connections: Connections, day: date) -> tuple[str | None, list[dict] | None, str]:
    """Version and documents that are served, to compare the lists of a day with; or none of them,
    and why.
    """
    current = connections.mongo.publication()
    if current is None:
        return None, None, "nothing is published yet"
    if current.day > day:
        return None, None, f"the served lists are of a newer day, {current.day}"
    version = current.versions[LISTS]
    return version, connections.mongo.documents(LISTS, version), ""


def bounds_of(settings: Settings) -> Bounds:
    """The gate's bounds as they are set."""
    return Bounds(
        settings.gate_min_coverage,
        settings.gate_max_churn,
        settings.gate_max_popularity_drift,
        settings.gate_min_listeners,
        settings.seed,
    )


def _result(name: str, by_day: dict[date, Finding]) -> dg.AssetCheckResult:
    """One result for all days of the run, told by the first that failed, or else the last."""
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
