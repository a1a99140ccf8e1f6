"""`podrec backfill`: a range of days, materialized by the daemon in one run."""

import time
from datetime import UTC, date, datetime
from typing import Annotated

import dagster as dg
import typer

from podrec_assets.cli.console import Json, emit, out, parse_days, say
from podrec_assets.cli.run import EVERY_DAY, SELECT_HELP, check_days, resolve_selection
from podrec_assets.day_windows import days_between
from podrec_assets.defs.dagster_internals import (
    BACKFILL_ENDED,
    BACKFILL_SUCCEEDED,
    add_backfill,
    get_backfill,
    materialized_days,
)
from podrec_assets.defs.instance import daemon_is_running, open_instance
from podrec_assets.errors import PodrecError
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import to_ranges

POLL_S = 2.0


def backfill(
    days: Annotated[str, typer.Option("--days", help="A..B or one day.")],
    select: Annotated[
        str, typer.Option("--select", help=SELECT_HELP, show_default="all daily assets")
    ] = EVERY_DAY,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only days that some of the assets lack.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it ends; exits 1 unless all succeeded.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have the Dagster daemon (`podrec ui`) materialize a range of days.

    The backfill is shown in the Dagster UI and survives restarts. All its days and assets are one
    run in one JVM: if memory is short, choose fewer days at a time.

    Example: podrec backfill --days 2026-09-01..2026-10-31 --wait
    """
    settings = Settings.load()
    first, last = parse_days(days)
    with open_instance(settings) as instance:
        backfill_id = request_backfill(settings, instance, select, first, last, missing)
        say(f"backfill {backfill_id} is requested from the daemon")
        if not daemon_is_running(instance, datetime.now(UTC)):
            say("no daemon is running: start `podrec ui` to begin")
        document = wait_for(instance, backfill_id) if wait else report(instance, backfill_id)
    emit(document, as_json, _print_backfill)
    if wait and document["status"] != BACKFILL_SUCCEEDED:
        raise typer.Exit(1)


def request_backfill(
    settings: Settings,
    instance: dg.DagsterInstance,
    select: str,
    first: date,
    last: date,
    missing: bool = False,
) -> str:
    """Requests a backfill of the selected assets from the daemon, and returns its id.

    Args:
        settings: settings of this deployment.
        instance: the shared Dagster instance.
        select: selection as for `podrec run`.
        first: first day.
        last: last day.
        missing: request only days that some of the assets lack, e.g. after a failure.

    Raises:
        UnknownIdError: the selection names no asset.
        PodrecError: a day is outside the partitions, or no day is missing.
    """
    from podrec_assets.definitions import build_defs

    check_days(settings, first, last)
    defs = build_defs(settings)
    keys = sorted(resolve_selection(defs, select), key=lambda k: k.to_user_string())
    days = days_between(first, last)
    if missing:
        by_asset = [materialized_days(instance, key.to_user_string()) for key in keys]
        days = [day for day in days if not all(day in materialized for materialized in by_asset)]
        if not days:
            raise PodrecError(f"No day of {first}..{last} is missing.")
    title = f"{len(days)} days, {days[0]}..{days[-1]}"
    return add_backfill(instance, defs.resolve_asset_graph(), keys, to_ranges(days), title)


def wait_for(instance: dg.DagsterInstance, backfill_id: str) -> dict:
    """Waits until a backfill ends and returns its report. Prints changes of its runs."""
    shown = ""
    while True:
        document = report(instance, backfill_id)
        if (line := _runs_text(document)) != shown:
            say(f"  runs: {line}")
            shown = line
        if document["status"] in BACKFILL_ENDED:
            return document
        time.sleep(POLL_S)


def report(instance: dg.DagsterInstance, backfill_id: str) -> dict:
    """Returns the state of a backfill.

    Returns:
        backfill_id, status, run_count, runs (count by status), error (one line or None).
    """
    state = get_backfill(instance, backfill_id)
    records = instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))
    statuses = [r.dagster_run.status.value for r in records]
    return {
        "backfill_id": backfill_id,
        "status": state.status.value,
        "run_count": len(statuses),
        "runs": {status: statuses.count(status) for status in sorted(set(statuses))},
        "error": state.error.message.strip().splitlines()[0] if state.error else None,
    }


def _print_backfill(document: dict) -> None:
    state = f"{document['status'].lower()}, {document['run_count']} runs ({_runs_text(document)})"
    out.print(f"backfill {document['backfill_id']}: {state}")
    if document["error"]:
        out.print(f"  {document['error']}")


def _runs_text(document: dict) -> str:
    """Returns the number of runs by status, in words."""
    return ", ".join(f"{n} {state.lower()}" for state, n in document["runs"].items()) or "none yet"
