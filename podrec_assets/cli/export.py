"""`podrec export`: similar episodes as the podcast namespace's recommendations JSON."""

import json
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import connect, out
from podrec_assets.serving.export import all_recommendations, recommendations_of


def export(
    episode: Annotated[
        str | None, typer.Argument(metavar="EPISODE", help="Id of an episode.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--all", metavar="DIR", help="Write all episodes to DIR, one file each."),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Similar episodes per episode.")] = 10,
) -> None:
    """Write similar episodes in the podcast namespace's recommendations JSON format.

    Prints one episode's, or writes all episodes' to a folder.

    Example: podrec export --all recommendations/
    """
    if (episode is None) == (to is None):
        raise typer.BadParameter("Give either an EPISODE or --all DIR.")
    if episode is not None:
        typer.echo(_text(recommendations_of(connect(), episode, k)))
        return
    assert to is not None
    to.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, document in all_recommendations(connect(), k):
        (to / f"{name}.json").write_text(_text(document) + "\n", encoding="utf-8")
        count += 1
    out.print(f"{count} files in {to}", markup=False)


def _text(document: dict) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
