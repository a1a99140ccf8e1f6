"""`podrec search | export`: passages that speak of something, and neighbours in the podcast
namespace's own format.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.formatting import clock
from podrec_assets.serving import catalogue
from podrec_assets.serving.export import all_recommendations, recommendations_of


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(search)
    app.command()(export)


def search(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What it is about, in any words.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the passages in all episodes that come closest in words and meaning, with show, title
    and time.

    Example: podrec search "why did the comet break" --k 5
    """
    connections = connect()
    found = catalogue.search(words, catalogue.passages(connections), connections.encoder, k)
    passages = catalogue.described(found, catalogue.episodes(connections) if found else {})
    emit({"query": words, "passages": passages}, as_json, _print_passages)


def _print_passages(document: dict) -> None:
    if not document["passages"]:
        out.print(
            "nothing found: there are no transcripts with words to search, or the query has none"
        )
    for rank, found in enumerate(document["passages"], start=1):
        at = "-" if found["start_s"] is None else clock(found["start_s"])
        out.print(
            f"{rank:>3}. {found['show']}: {found['title']} at {at} ({found['episode_id']})",
            markup=False,
        )
        out.print(f"     {found['quote']}", markup=False, style="dim")


def export(
    episode: Annotated[
        str | None, typer.Argument(metavar="[EPISODE]", help="Id of an episode.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--all", metavar="DIR", help="All episodes, a file for each, into DIR."),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Most recommendations of an episode.")] = 10,
) -> None:
    """Write neighbours as the podcast namespace's recommendations JSON: one episode to the output,
    or all into a folder.

    Example: podrec export --all recommendations/
    """
    if (episode is None) == (to is None):
        raise typer.BadParameter("give either an EPISODE or --all DIR.")
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
