"""`podrec recommend`: a listener's published list."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.serving.reader import recommendations


def recommend(
    user: Annotated[
        str,
        typer.Argument(metavar="USER", help="Listener; an unknown one gets the newcomers' list."),
    ],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a listener's published recommendations, each with its reason.

    Example: podrec recommend listener-0042 --k 5
    """
    emit(recommendations(connect(), user, k), as_json, print_recommendations)


def print_recommendations(document: dict) -> None:
    """Prints a listener's list with scores and reasons."""
    unknown = "" if document["known"] else " (unknown listener: the newcomers' list)"
    out.print(line((document["user_id"] + unknown, "bold"), f", as of {document['day']}"))
    for item in document["items"]:
        show = (f"({item['show']})", "dim")
        out.print(line(f" {item['rank']:>2}. {item['title']} ", show, f"  {item['score']:.2f}"))
        out.print(f"     {item['reason']}")
