"""`podrec search`: passages of transcripts that match a query."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.formatting import clock
from podrec_assets.serving import catalogue


def search(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="The query, in any words.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the transcript passages that best match a query, by words and by meaning.

    Withdrawn episodes are not found.

    Example: podrec search "why did the comet break" --k 5
    """
    connections = connect()
    known = catalogue.episodes(connections)
    withdrawn = catalogue.withdrawn(connections, known)
    among = catalogue.passages(connections)
    hits = catalogue.search(words, among, connections.encoder, k, withdrawn)
    passages = catalogue.described(hits, known)
    emit({"query": words, "passages": passages}, as_json, _print_passages)


def _print_passages(document: dict) -> None:
    if not document["passages"]:
        out.print("nothing found: no transcript has words to search, or the query has none")
    for rank, passage in enumerate(document["passages"], start=1):
        at = "-" if passage["start_s"] is None else clock(passage["start_s"])
        title = f"{passage['show']}: {passage['title']}"
        out.print(f"{rank:>3}. {title} at {at} ({passage['episode_id']})")
        out.print(f"     {passage['quote']}", style="dim")
