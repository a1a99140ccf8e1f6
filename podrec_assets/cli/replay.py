"""`podrec replay | accept-loss`: landed days read again from Kafka, and losses that nobody can
undo.
"""

from collections import Counter
from datetime import date
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days
from podrec_assets.cli.run import materialize, print_run
from podrec_assets.day_windows import days_between
from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.ledger.ledger import Ledger, Offsets
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening import event_landing

DOWNSTREAM_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(replay)
    app.command("accept-loss")(accept_loss)


def replay(
    topic: Annotated[
        str, typer.Option("--topic", help="Topic whose landed records are read again.")
    ] = "user-events",
    days: Annotated[str, typer.Option("--days", help="A..B or one day.")] = "",
    from_offsets: Annotated[
        str, typer.Option("--from-offsets", help="PARTITION:OFFSET,... where to begin.")
    ] = "",
    to_offsets: Annotated[
        str, typer.Option("--to-offsets", help="PARTITION:OFFSET,... where to end, not included.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be touched.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read landed days again from Kafka and replace them, after saying what that touches.

    Offsets stand for the whole log days that hold them, for a day is what is replaced.

    Example: podrec replay --topic user-events --days 2026-11-01..2026-11-03
    """
    connections = connect()
    plan = plan_replay(connections, topic, days, from_offsets, to_offsets)
    if not as_json:
        _print_plan(plan)
    if not dry_run:
        first, last = (date.fromisoformat(plan["days"][i]) for i in (0, -1))
        plan |= {"run": materialize(connections.settings, plan["table"], first, last)}
    emit(plan, as_json, lambda d: print_run(d["run"]) if "run" in d else None)
    if "run" in plan and not plan["run"]["success"]:
        raise typer.Exit(1)


def plan_replay(
    connections: Connections, topic: str, days: str, from_offsets: str, to_offsets: str
) -> dict:
    """What a replay touches: table, days, offsets by partition, row_count, dead_letter_count,
    downstream_days.

    Raises:
        UnknownIdError: podrec does not land the topic.
        PermanentError: nothing landed lies in the days or offsets.
    """
    tables = {
        connections.settings.events_topic: "user_events",
        connections.settings.episodes_topic: "episodes",
    }
    if topic not in tables:
        raise UnknownIdError(f"unknown topic {topic!r}; known: {', '.join(tables)}.")
    table, lake = tables[topic], connections.lake
    ledger = Ledger.from_json(lake.state(table).ledger)
    wanted = _days(ledger, days, parse_offsets(from_offsets), parse_offsets(to_offsets))
    listed = ", ".join(f"'{d}'" for d in wanted)
    spans = {
        p: [r for d in wanted if (r := ledger.ranges(d).get(p))] for p in sorted(ledger.landed)
    }
    event_days = sorted(
        set(lake.read(table, f"day IN ({listed})", _event_day(table))[0].to_pylist())
    )
    letters = lake.read("dead_letters", f"day IN ({listed}) AND stage = '{table}'", ("day",))
    return {
        "topic": topic,
        "table": table,
        "days": [str(d) for d in wanted],
        "offsets": {str(p): [found[0][0], found[-1][1]] for p, found in spans.items() if found},
        "row_count": len(lake.read(table, f"day IN ({listed})", ("day",))),
        "dead_letter_count": len(letters),
        "downstream_days": [str(d) for d in event_days],
    }


def parse_offsets(text: str) -> Offsets:
    """PARTITION:OFFSET,... as a dict. Raises typer.BadParameter for anything else."""
    try:
        pairs = (part.split(":") for part in text.split(",") if part)
        return {int(partition): int(offset) for partition, offset in pairs}
    except ValueError as err:
        raise typer.BadParameter(f"{text!r} is not PARTITION:OFFSET,..., e.g. 0:100,1:80.") from err


def _days(ledger: Ledger, days: str, begin: Offsets, end: Offsets) -> list[date]:
    if bool(days) == bool(begin or end):
        raise typer.BadParameter("Give either --days, or --from-offsets with --to-offsets.")
    if days:
        found = [d for d in days_between(*parse_days(days)) if ledger.ranges(d)]
    else:
        found = [d for d in ledger.days() if _overlaps(ledger.ranges(d), begin, end)]
    if not found:
        raise PermanentError(
            "Nothing is landed there: `podrec status` shows the landed days and offsets."
        )
    return found


def _overlaps(ranges: dict[int, tuple[int, int]], begin: Offsets, end: Offsets) -> bool:
    named = begin.keys() | end.keys()
    return any(
        start < end.get(p, stop) and stop > begin.get(p, start)
        for p, (start, stop) in ranges.items()
        if p in named
    )


def _event_day(table: str) -> tuple[str]:
    """Column that tells which downstream day a row belongs to."""
    return ("event_day",) if table == "user_events" else ("day",)


def _print_plan(plan: dict) -> None:
    offsets = ", ".join(f"p{p} {start} to {end - 1}" for p, (start, end) in plan["offsets"].items())
    out.print(
        f"replay of {plan['topic']}: {len(plan['days'])} days ({plan['days'][0]} to {plan['days'][-1]}), offsets {offsets}"
    )
    out.print(
        f"  replaces {plan['row_count']} rows of {plan['table']} and {plan['dead_letter_count']} dead letters"
    )
    shown = ", ".join(plan["downstream_days"][:DOWNSTREAM_SHOWN])
    out.print(
        f"  downstream days that read them: {shown}{' ...' if len(plan['downstream_days']) > DOWNSTREAM_SHOWN else ''}"
    )


def accept_loss(as_json: Json = False) -> None:
    """Go on after retention removed events that had not landed: write them down as lost.

    They stay visible in the check `log_is_replayable` and in the account of their day.

    Example: podrec accept-loss
    """
    connections = connect()
    before = Ledger.from_json(connections.lake.state("user_events").ledger)
    after = event_landing.accept_loss(
        connections.lake, connections.kafka, connections.settings.events_topic
    )
    lost = {
        str(p): [list(s) for s in spans if s not in before.lost.get(p, ())]
        for p, spans in after.lost.items()
    }
    document = {"lost": {p: spans for p, spans in lost.items() if spans}}
    emit(document, as_json, _print_lost)


def _print_lost(document: dict) -> None:
    count = Counter(
        {p: sum(end - start for start, end in spans) for p, spans in document["lost"].items()}
    )
    for partition, spans in document["lost"].items():
        out.print(
            f"partition {partition}: offsets {', '.join(f'{a} to {b - 1}' for a, b in spans)} are written down as lost"
        )
    out.print(f"{count.total()} records lost" if count else "nothing was lost")
