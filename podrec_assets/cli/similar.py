"""`podrec similar`: an episode's nearest neighbours."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.formatting import clock
from podrec_assets.serving.reader import neighbours

FIELDS = ("rank", "episode_id", "title", "cosine", "here_s", "there_s")


def similar(
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Id of an episode.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of neighbours.")] = 10,
    as_json: Json = False,
) -> None:
    """Show the episodes most similar to one, with the times of the passages that match.

    Example: podrec similar e0123456789abcde
    """
    document = neighbours(connect(), episode, k)
    document["items"] = [{field: item[field] for field in FIELDS} for item in document["items"]]
    emit(document, as_json, print_neighbours)


def print_neighbours(document: dict) -> None:
    """Prints the neighbours with the time of the matching passage in either episode."""
    out.print(line((document["title"], "bold"), f" ({document['episode_id']})"))
    for item in document["items"]:
        here, there = ("-" if item[s] is None else clock(item[s]) for s in ("here_s", "there_s"))
        places = (f"{here} here, {there} there  {item['episode_id']}", "dim")
        out.print(line(f" {item['rank']:>2}. {item['title']}  {item['cosine']:.2f}  ", places))
