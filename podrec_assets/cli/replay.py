"""`podrec replay`: reads landed days from Kafka again."""

from datetime import date
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days
from podrec_assets.cli.run import materialize, print_run
from podrec_assets.day_windows import days_between
from podrec_assets.ledger.ledger import Offsets
from podrec_assets.pipelines.listening.replay_plan import plan_replay

DOWNSTREAM_SHOWN = 20


def replay(
    topic: Annotated[
        str,
        typer.Option("--topic", help="Topic to read again (default: that of events)."),
    ] = "",
    days: Annotated[str, typer.Option("--days", help="A..B or one day.")] = "",
    from_offsets: Annotated[
        str, typer.Option("--from-offsets", help="First offsets: PARTITION:OFFSET,...")
    ] = "",
    to_offsets: Annotated[
        str, typer.Option("--to-offsets", help="PARTITION:OFFSET,... to stop before.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be replaced.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read landed days from Kafka again and replace them, after showing what that affects.

    Whole days are replaced, so offsets select the days that contain them.

    Example: podrec replay --days 2026-11-01..2026-11-03
    """
    begin, end = parse_offsets(from_offsets), parse_offsets(to_offsets)
    if bool(days) == bool(begin or end):
        raise typer.BadParameter("Give either --days, or --from-offsets with --to-offsets.")
    log_days = days_between(*parse_days(days)) if days else []
    connections = connect()
    topic = topic or connections.settings.events_topic
    plan = plan_replay(connections.lake, connections.settings, topic, log_days, begin, end)
    if not as_json:
        _print_plan(plan)
    if not dry_run:
        first, last = (date.fromisoformat(plan["days"][i]) for i in (0, -1))
        plan |= {"run": materialize(connections.settings, plan["table"], first, last)}
    emit(plan, as_json, lambda d: print_run(d["run"]) if "run" in d else None)
    if "run" in plan and not plan["run"]["success"]:
        raise typer.Exit(1)


def parse_offsets(text: str) -> Offsets:
    """Parses PARTITION:OFFSET,... into a dict. Raises typer.BadParameter for anything else."""
    try:
        pairs = (part.split(":") for part in text.split(",") if part)
        return {int(partition): int(offset) for partition, offset in pairs}
    except ValueError as err:
        raise typer.BadParameter(f"{text!r} is not PARTITION:OFFSET,..., e.g. 0:100,1:80.") from err


def _print_plan(plan: dict) -> None:
    days, downstream = plan["days"], plan["downstream_days"]
    offsets = ", ".join(f"p{p} {start} to {end - 1}" for p, (start, end) in plan["offsets"].items())
    out.print(
        f"replay of {plan['topic']}: {len(days)} days ({days[0]} to {days[-1]}), offsets {offsets}"
    )
    out.print(
        f"  replaces {plan['row_count']} rows of {plan['table']} and {plan['dead_letter_count']} "
        "dead letters"
    )
    more = " ..." if len(downstream) > DOWNSTREAM_SHOWN else ""
    out.print(f"  affected days downstream: {', '.join(downstream[:DOWNSTREAM_SHOWN])}{more}")
