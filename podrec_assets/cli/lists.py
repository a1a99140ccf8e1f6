"""`podrec recommend | similar | publish`: what is published, read from Mongo by the pointer, and the pointer moved by hand."""

from datetime import date
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.recommend.explain import clock
from podrec_assets.serving.publishing import publish_day
from podrec_assets.serving.reader import neighbours, recommendations

SIMILAR_FIELDS = ("rank", "episode_id", "title", "cosine", "here_s", "there_s")


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(recommend)
    app.command()(similar)
    app.command()(publish)


def recommend(
    user: Annotated[str, typer.Argument(metavar="USER", help="Listener; unknown ones get the newcomers' list.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a listener's published recommendations, each with its reason.

    Example: podrec recommend listener-0042 --k 5
    """
    emit(recommendations(connect(), user, k), as_json, print_recommendations)


def print_recommendations(document: dict) -> None:
    """A list for people."""
    who = document["user_id"] if document["known"] else f"{document['user_id']} (unknown listener: the newcomers' list)"
    out.print(f"[bold]{who}[/], as of {document['day']}")
    for item in document["items"]:
        out.print(f" {item['rank']:>2}. {item['title']} [dim]({item['show']})[/]  {item['score']:.2f}")
        out.print(f"     {item['reason']}", markup=False)


def similar(
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Id of an episode.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of neighbours.")] = 10,
    as_json: Json = False,
) -> None:
    """Show an episode's nearest neighbours with the times of the passages that show why.

    Example: podrec similar e0123456789abcde
    """
    found = neighbours(connect(), episode, k)
    found["items"] = [{f: i[f] for f in SIMILAR_FIELDS} for i in found["items"]]
    emit(found, as_json, _print_neighbours)


def _print_neighbours(document: dict) -> None:
    out.print(f"[bold]{document['title']}[/] ({document['episode_id']})")
    for item in document["items"]:
        here, there = ("-" if item[s] is None else clock(item[s]) for s in ("here_s", "there_s"))
        out.print(
            f" {item['rank']:>2}. {item['title']}  {item['cosine']:.2f}  [dim]{here} here, {there} there  {item['episode_id']}[/]"
        )


def publish(
    day: Annotated[str, typer.Option("--day", help="Day whose versions are to be served.")],
    as_json: Json = False,
) -> None:
    """Serve the versions of another day: roll back, or forward again.

    The nightly run publishes newer days again; an older day never replaces what this command chose.

    Example: podrec publish --day 2026-11-01
    """
    try:
        wanted = date.fromisoformat(day)
    except ValueError as err:
        raise typer.BadParameter(f"{day!r} is not a day, e.g. 2026-11-01.") from err
    moved = publish_day(connect(), wanted)
    document = {"day": str(moved.day), "versions": moved.versions, "previous": moved.previous, "move_count": moved.v}
    emit(document, as_json, lambda d: out.print(f"served now: {d['day']}, version {d['versions']['final_recommendations']}"))
