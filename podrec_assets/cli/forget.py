"""`podrec forget`: a listener's wish to be forgotten."""

from dataclasses import asdict
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.pipelines.listening.user_erasure import forget_user
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS, USER_VS_EPISODE_DAILY

HOLDING = (USER_EVENTS.name, USER_VS_EPISODE_DAILY.name, DEAD_LETTERS.name)


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(forget)


def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the listener.")],
    as_json: Json = False,
) -> None:
    """Remove everything that is kept of a listener; replay does not bring it back.

    Example: podrec forget listener-0042
    """
    connections = connect()
    document = {"user_id": user, **asdict(forget_user(connections.lake, connections.mongo, user))}
    # Lists that were made of older versions do not keep these: whoever is to be forgotten comes
    # before their trace.
    hours = connections.settings.vacuum_hours
    document["removed_file_count"] = sum(
        len(connections.lake.vacuum(name, hours)) for name in HOLDING
    )
    document["history_hours"] = hours
    emit(document, as_json, _print_forgotten)


def _print_forgotten(document: dict) -> None:
    out.print(f"forgotten: {document['user_id']}", markup=False)
    out.print(
        f"  {document['event_count']} events, {document['daily_row_count']} daily rows, {document['document_count']} lists"
    )
    out.print(f"  {document['refused_event_count']} refused events in dead letters")
    out.print(
        f"  {document['removed_file_count']} old files removed; older versions of the tables still hold the events for "
        f"{document['history_hours']} hours, run this again after that"
    )
    out.print(
        "  the next models and lists are made without them; Kafka keeps its records until its own retention"
    )
