"""`podrec run`: materializations through Dagster on the shared instance."""

import time
from datetime import UTC, date, datetime
from typing import Annotated

import dagster as dg
import typer

from podrec_assets.cli.console import Json, emit, out, parse_days, say
from podrec_assets.defs.freshness import DEADLINES
from podrec_assets.defs.instance import open_instance
from podrec_assets.defs.partitions import range_tags
from podrec_assets.defs.run_launcher import PROCESS, fail_runs_of_killed_commands, this_process
from podrec_assets.errors import PodrecError, UnknownIdError
from podrec_assets.settings import Settings

EVERY_DAY = " ".join(DEADLINES)
"""The selection where none is given. `als_tuning` is not in it: a search costs many fits, so it is
asked for by name.
"""
SELECT_HELP = "Asset names separated by spaces, or a Dagster selection expression."


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(run)


def run(
    select: Annotated[
        str, typer.Option("--select", help=SELECT_HELP, show_default="all that is made each day")
    ] = EVERY_DAY,
    days: Annotated[str, typer.Option("--days", help="A..B or one day; today by default.")] = "",
    as_json: Json = False,
) -> None:
    """Materialize assets for a range of days as one Dagster run.

    Example: podrec run --select "user_events user_vs_episode_daily" --days 2026-11-01..2026-11-14
    """
    first, last = parse_days(days or datetime.now(UTC).date().isoformat())
    document = materialize(Settings.load(), select, first, last)
    emit(document, as_json, print_run)
    if not document["success"]:
        raise typer.Exit(1)


def materialize(
    settings: Settings, select: str, first: date, last: date, config: dict | None = None
) -> dict:
    """Runs the selection for the days first..last in this process, recorded on the shared instance.

    Args:
        settings: of this process.
        select: as `podrec run --select` takes it.
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
    if first < settings.start_day or last > datetime.now(UTC).date():
        raise PodrecError(
            f"Days must lie between {settings.start_day} and today ({datetime.now(UTC).date()})."
        )
    names = sorted(k.to_user_string() for k in keys)
    say(f"running {', '.join(names)} for {first}..{last}")
    begun = time.monotonic()
    with open_instance(settings) as instance:
        fail_runs_of_killed_commands(instance)
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance,
            asset_selection=list(keys),
            tags=range_tags(first, last) | {PROCESS: this_process()},
            raise_on_error=False,
            # Every event is on the instance for the UI; here only what went wrong is for reading.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            | (config or {}),
        )
    return {
        "run_id": result.run_id,
        "success": result.success,
        "first_day": str(first),
        "last_day": str(last),
        "seconds": round(time.monotonic() - begun, 1),
        "assets": names,
        "errors": errors_of(result),
    }


def resolve_selection(defs: dg.Definitions, select: str) -> set[dg.AssetKey]:
    """Materializable assets that a text selects: names separated by spaces, or a Dagster selection
    expression.
    """
    graph = defs.resolve_asset_graph()
    executable = {k.to_user_string(): k for k in graph.executable_asset_keys}
    words = select.split()
    if words and all(w in executable for w in words):
        return {executable[w] for w in words}
    try:
        found = dg.AssetSelection.from_string(select).resolve(graph, allow_missing=True) & set(
            executable.values()
        )
    except Exception as err:  # the selection parser has no common error type
        raise UnknownIdError(
            f"{select!r} is not a selection; assets: {', '.join(sorted(executable))}."
        ) from err
    if not found:
        raise UnknownIdError(f"unknown asset {select!r}; known: {', '.join(sorted(executable))}.")
    return set(found)


def errors_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """One line for each failed step or check of a run in this process."""
    lines = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error and error.cause:
                error = error.cause
            message = error.message.strip().splitlines()[0] if error else "failed"
            lines.append(f"{event.step_key}: {message}")
    checks = [e for e in result.get_asset_check_evaluations() if not e.passed]
    return lines + [
        f"check {c.check_name} of {c.asset_key.to_user_string()} {_verb(c)}: {_describe(c)}"
        for c in checks
    ]


def _verb(check: dg.AssetCheckEvaluation) -> str:
    return "warns" if check.severity == dg.AssetCheckSeverity.WARN else "failed"


def _describe(check: dg.AssetCheckEvaluation) -> str:
    return check.description or ", ".join(f"{k} {v.value}" for k, v in check.metadata.items())


def print_run(document: dict) -> None:
    """A finished run for people."""
    state = "[green]succeeded[/]" if document["success"] else "[red]failed[/]"
    out.print(
        f"run {document['run_id'][:8]} {state} in {document['seconds']} s: {', '.join(document['assets'])}"
    )
    for line in document["errors"]:
        out.print(f"  {line}", markup=False)
