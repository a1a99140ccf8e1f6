"""`podrec publish`: serves the lists of another day."""

from datetime import date
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.defs.instance import open_instance
from podrec_assets.schemas import LISTS
from podrec_assets.serving.rollback import publish_day


def publish(
    day: Annotated[str, typer.Option("--day", help="Day whose lists are to be served.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Overrule a comparison with the served lists that failed."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve the lists of another day: roll back, or forward again.

    Lists that the gate refused or has not checked are never served. --force overrules its
    comparisons (coverage, churn, popularity, quality), but not invalid lists. The nightly run still
    publishes newer days; an older day never replaces the one chosen here.

    Example: podrec publish --day 2026-11-01
    """
    try:
        chosen = date.fromisoformat(day)
    except ValueError as err:
        raise typer.BadParameter(f"{day!r} is not a day, e.g. 2026-11-01.") from err
    from podrec_assets.defs.jobs.rollback import materialization

    connections = connect()
    publication = publish_day(connections, chosen, force)
    with open_instance(connections.settings) as instance:
        instance.report_runless_asset_event(materialization(publication))
    document = {
        "day": str(publication.day),
        "versions": publication.versions,
        "previous": publication.previous,
        "move_count": publication.v,
    }
    emit(document, as_json, _print_published)


def _print_published(document: dict) -> None:
    out.print(f"served now: {document['day']}, version {document['versions'][LISTS]}")
