"""`podrec backfill`: many days of many assets, worked off by the daemon in a few runs."""

import time
from datetime import UTC, date, datetime
from typing import Annotated

import dagster as dg
import typer

from podrec_assets.cli.console import Json, emit, out, parse_days, say
from podrec_assets.cli.run import EVERY_DAY, SELECT_HELP, resolve_selection
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


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(backfill)


def backfill(
    days: Annotated[str, typer.Option("--days", help="A..B or one day.")],
    select: Annotated[
        str, typer.Option("--select", help=SELECT_HELP, show_default="all that is made each day")
    ] = EVERY_DAY,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only the days that some of the assets lack.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for its end; exits 1 unless all of it succeeded.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask the daemon (`podrec ui`) to materialize a range of days; it shows in the UI and survives
    restarts.

    All days of all selected assets are one run, hence one JVM; give it fewer days at a time where
    memory is short.

    Example: podrec backfill --days 2026-09-01..2026-10-31 --wait
    """
    settings = Settings.load()
    first, last = parse_days(days)
    with open_instance(settings) as instance:
        found = request_backfill(settings, instance, select, first, last, missing)
        say(f"backfill {found} is requested; the daemon works it off")
        if not daemon_is_running(instance, datetime.now(UTC)):
            say("no daemon is running: start `podrec ui`, and it begins")
        document = wait_for(instance, found) if wait else report(instance, found)
    emit(document, as_json, _print)
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
    """Id of a new backfill of the selected assets for the days first..last.

    Args:
        settings: of this deployment.
        instance: the shared instance.
        select: as for `podrec run`.
        first, last: days.
        missing: only the days that some of the assets lack, as after a failure.

    Raises:
        UnknownIdError: the selection names no asset.
        PodrecError: no day is missing.
    """
    from podrec_assets.definitions import build_defs

    defs = build_defs(settings)
    keys = sorted(resolve_selection(defs, select), key=lambda k: k.to_user_string())
    wanted = days_between(first, last)
    if missing:
        made = [materialized_days(instance, key.to_user_string()) for key in keys]
        wanted = [day for day in wanted if not all(day in there for there in made)]
        if not wanted:
            raise PodrecError(f"No day of {first}..{last} is missing.")
    title = f"{len(wanted)} days, {wanted[0]}..{wanted[-1]}"
    return add_backfill(instance, defs.resolve_asset_graph(), keys, to_ranges(wanted), title)


def wait_for(instance: dg.DagsterInstance, backfill_id: str) -> dict:
    """The report of a backfill once it has ended."""
    shown = ""
    while True:
        document = report(instance, backfill_id)
        line = ", ".join(f"{n} {state.lower()}" for state, n in document["runs"].items())
        if line != shown:
            say(f"  runs: {line or 'none yet'}")
            shown = line
        if document["status"] in BACKFILL_ENDED:
            return document
        time.sleep(POLL_S)


def report(instance: dg.DagsterInstance, backfill_id: str) -> dict:
    """Where a backfill stands: backfill_id, status, run_count, runs (how many by status), error
    (one line or null).
    """
    found = get_backfill(instance, backfill_id)
    records = instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))
    states = [r.dagster_run.status.value for r in records]
    return {
        "backfill_id": backfill_id,
        "status": found.status.value,
        "run_count": len(states),
        "runs": {state: states.count(state) for state in sorted(set(states))},
        "error": found.error.message.strip().splitlines()[0] if found.error else None,
    }


def _print(document: dict) -> None:
    runs = ", ".join(f"{n} {state.lower()}" for state, n in document["runs"].items())
    out.print(
        f"backfill {document['backfill_id']}: {document['status'].lower()}, {document['run_count']} runs ({runs or 'none yet'})"
    )
    if document["error"]:
        out.print(f"  {document['error']}", markup=False)
