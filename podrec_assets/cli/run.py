"""`podrec run`: one Dagster run in this process, recorded on the shared instance."""

import time
from datetime import UTC, date, datetime
from typing import Annotated

import dagster as dg
import typer

from podrec_assets.cli.console import Json, emit, line, out, parse_days, say, today
from podrec_assets.defs.freshness import DEADLINES
from podrec_assets.defs.instance import open_instance
from podrec_assets.defs.partitions import range_tags
from podrec_assets.defs.run_failures import reason_of
from podrec_assets.defs.run_launcher import PROCESS, fail_runs_of_killed_commands, this_process
from podrec_assets.errors import PodrecError, UnknownIdError
from podrec_assets.settings import Settings

EVERY_DAY = " ".join(DEADLINES)
"""The default selection, without `als_tuning`, which fits many models and is run on demand."""
SELECT_HELP = "Asset names separated by spaces, or a Dagster selection expression."


def run(
    select: Annotated[
        str, typer.Option("--select", help=SELECT_HELP, show_default="all daily assets")
    ] = EVERY_DAY,
    days: Annotated[str, typer.Option("--days", help="A..B or one day; default today.")] = "",
    as_json: Json = False,
) -> None:
    """Materialize chosen assets for a range of days in one Dagster run.

    Assets are the tables and models of the pipeline; `podrec graph` lists them.

    Example: podrec run --select "user_events user_vs_episode_daily" --days 2026-11-01..2026-11-14
    """
    first, last = parse_days(days or today())
    document = materialize(Settings.load(), select, first, last)
    emit(document, as_json, print_run)
    if not document["success"]:
        raise typer.Exit(1)


def materialize(
    settings: Settings, select: str, first: date, last: date, config: dict | None = None
) -> dict:
    """Materializes a selection for the days first..last in this process.

    Args:
        settings: settings of this process.
        select: selection as for `podrec run --select`.
        first: first day.
        last: last day.
        config: run config of the assets' ops.

    Returns:
        run_id, success, first_day, last_day, seconds, assets (names), errors (one line for each
        failed step or check).

    Raises:
        UnknownIdError: the selection names no asset.
        PodrecError: a day is outside the partitions.
    """
    from podrec_assets.definitions import build_defs

    defs = build_defs(settings)
    keys = resolve_selection(defs, select)
    check_days(settings, first, last)
    names = sorted(k.to_user_string() for k in keys)
    say(f"running {', '.join(names)} for {first}..{last}")
    start = time.monotonic()
    with open_instance(settings) as instance:
        fail_runs_of_killed_commands(instance)
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance,
            asset_selection=list(keys),
            tags=range_tags(first, last) | {PROCESS: this_process()},
            raise_on_error=False,
            # The instance has every event for the UI; the console shows only failures.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            | (config or {}),
        )
    return {
        "run_id": result.run_id,
        "success": result.success,
        "first_day": str(first),
        "last_day": str(last),
        "seconds": round(time.monotonic() - start, 1),
        "assets": names,
        "errors": errors_of(result),
    }


def check_days(settings: Settings, first: date, last: date) -> None:
    """Raises PodrecError unless the days lie within the partitions, which end today."""
    now = datetime.now(UTC).date()
    if first < settings.start_day or last > now:
        raise PodrecError(f"Days must lie between {settings.start_day} and today ({now}).")


def resolve_selection(defs: dg.Definitions, select: str) -> set[dg.AssetKey]:
    """Returns the materializable assets that a text selects.

    Args:
        defs: the definitions.
        select: asset names separated by spaces, or a Dagster selection expression.

    Raises:
        UnknownIdError: the text selects no asset.
    """
    graph = defs.resolve_asset_graph()
    executable = {k.to_user_string(): k for k in graph.executable_asset_keys}
    words = select.split()
    if words and all(w in executable for w in words):
        return {executable[w] for w in words}
    try:
        selected = dg.AssetSelection.from_string(select).resolve(graph, allow_missing=True)
    except Exception as err:  # the selection parser has no common error type
        raise UnknownIdError(
            f"{select!r} is not a selection; assets: {', '.join(sorted(executable))}."
        ) from err
    keys = set(selected) & set(executable.values())
    if not keys:
        raise UnknownIdError(f"unknown asset {select!r}; known: {', '.join(sorted(executable))}.")
    return keys


def errors_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """Returns one line for each failed step or check of a run."""
    lines = [
        f"{event.step_key}: {reason_of(event.step_failure_data.error)}"
        for event in result.all_events
        if event.is_step_failure
    ]
    checks = [e for e in result.get_asset_check_evaluations() if not e.passed]
    return lines + [
        f"check {c.check_name} of {c.asset_key.to_user_string()} {_verb(c)}: {_describe(c)}"
        for c in checks
    ]


def _verb(check: dg.AssetCheckEvaluation) -> str:
    return "warned" if check.severity == dg.AssetCheckSeverity.WARN else "failed"


def _describe(check: dg.AssetCheckEvaluation) -> str:
    return check.description or ", ".join(f"{k} {v.value}" for k, v in check.metadata.items())


def print_run(document: dict) -> None:
    """Prints the outcome of a run and its errors."""
    state = ("succeeded", "green") if document["success"] else ("failed", "red")
    about = f" in {document['seconds']} s: {', '.join(document['assets'])}"
    out.print(line(f"run {document['run_id'][:8]} ", state, about))
    for error in document["errors"]:
        out.print(f"  {error}")
