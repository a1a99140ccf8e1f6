"""`podrec export`: similar episodes as the podcast namespace's recommendations JSON."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import connect, out
from podrec_assets.serving.export import all_recommendations, file_name, recommendations_of
from podrec_assets.visible_text import visible_json


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

    Prints one episode's, or writes all episodes' to a folder. A file is named after the id of its
    episode, percent-encoded except for a-z, 0-9, - and _.

    Example: podrec export --all recommendations/
    """
    if (episode is None) == (to is None):
        raise typer.BadParameter("Give either an EPISODE or --all DIR.")
    if episode is not None:
        sys.stdout.write(visible_json(recommendations_of(connect(), episode, k)) + "\n")
        return
    assert to is not None
    count = write_all(to, all_recommendations(connect(), k))
    out.print(f"{count} files in {to}")


def write_all(folder: Path, documents: Iterable[tuple[str, dict]]) -> int:
    """Writes each (episode id, document) to its own file of the folder; returns their number."""
    folder.mkdir(parents=True, exist_ok=True)
    draft, count = folder / ".draft", 0
    for episode, document in documents:
        draft.write_text(visible_json(document) + "\n", encoding="utf-8")
        # Replaces a link of that name instead of following it out of the folder.
        draft.replace(folder / file_name(episode))
        count += 1
    return count
