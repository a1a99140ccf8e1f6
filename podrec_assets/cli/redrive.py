"""`podrec redrive`: sends dead letters through parsing again."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days
from podrec_assets.pipelines.operations.redrive import KEYS
from podrec_assets.pipelines.operations.redrive import redrive as redrive_letters


def redrive(
    reason: Annotated[
        str, typer.Option("--reason", help="Reason of the letters, as `podrec dead-letters` lists.")
    ],
    day: Annotated[str, typer.Option("--day", help="Only the letters of this day.")] = "",
    stage: Annotated[
        str, typer.Option("--stage", help="Only those of user_events or of episodes.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Also records that were redriven and refused again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters to Kafka again, after what refused them was fixed.

    Each becomes a new record, once: its headers name the topic, partition and offset of the first.
    The letter stays, and a second redrive sends nothing. The next landing parses the new records.

    Example: podrec redrive --reason from_the_future --dry-run
    """
    if stage and stage not in KEYS:
        raise typer.BadParameter(f"{stage!r} reads no topic; give {' or '.join(KEYS)}.")
    connections = connect()
    done = redrive_letters(
        connections.lake,
        connections.kafka,
        connections.settings,
        reason,
        _day(day),
        stage,
        again,
        dry_run,
    )
    emit(asdict(done) | {"reason": reason, "dry_run": dry_run}, as_json, _print_redriven)


def _day(text: str) -> date | None:
    if not text:
        return None
    first, last = parse_days(text)
    if first != last:
        raise typer.BadParameter(f"{text!r} is more than one day.")
    return first


def _print_redriven(document: dict) -> None:
    sent = "would be sent" if document["dry_run"] else "were sent"
    for topic, count in document["sent_count"].items():
        out.print(f"{count} records {sent} to {topic} again")
    for count, words in (
        (document["earlier_count"], "were sent by an earlier redrive"),
        (document["refused_again_count"], "were refused again after a redrive; --again sends them"),
        (document["cut_count"], "cannot be sent: the letter has only the first 64 KiB"),
        (document["absent_count"], "cannot be sent: the letter has no content"),
        (document["other_count"], "are no records of a topic; their stage tries again by itself"),
    ):
        if count:
            out.print(f"{count} {words}")
    if document["sent_count"] and not document["dry_run"]:
        out.print("next: `podrec catch-up` lands them; the daemon does so by itself", style="dim")
    elif not document["sent_count"]:
        out.print(f"nothing to send for {document['reason']}; `podrec dead-letters` lists reasons")
