"""`podrec forget`: deletes the data of a listener."""

from dataclasses import asdict
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.pipelines.listening.user_erasure import forget_user
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores.delta import maintenance

HOLDING = (USER_EVENTS.name, USER_VS_EPISODE_DAILY.name, DEAD_LETTERS.name)


def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the listener.")],
    as_json: Json = False,
) -> None:
    """Delete everything stored about a listener (right to erasure).

    A replay does not bring it back. Table versions from before hold the events until they are
    vacuumed: run the command again after PODREC_VACUUM_HOURS.

    Example: podrec forget listener-0042
    """
    connections = connect()
    document = {"user_id": user, **asdict(forget_user(connections.lake, connections.mongo, user))}
    # Does not protect the versions that kept lists were made from: erasure is worth more than
    # being able to trace those lists.
    hours = connections.settings.vacuum_hours
    document["removed_file_count"] = sum(
        len(maintenance.vacuum(connections.lake, name, hours)) for name in HOLDING
    )
    document["history_hours"] = hours
    emit(document, as_json, _print_forgotten)


def _print_forgotten(document: dict) -> None:
    out.print(f"forgotten: {document['user_id']}")
    d = document
    out.print(
        f"  {d['event_count']} events, {d['daily_row_count']} daily rows, "
        f"{d['document_count']} lists, {d['refused_event_count']} refused events in dead letters"
    )
    out.print(
        f"  {d['removed_file_count']} old files deleted; older table versions still hold the "
        f"events for {d['history_hours']} hours: run this command again after that"
    )
    out.print(
        "  the next models and lists will not use them; Kafka keeps its records until its own "
        "retention ends"
    )
