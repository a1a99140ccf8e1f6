"""`podrec recommend | similar`: what is published, read from Mongo by the pointer."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import NEWCOMER

KNOWN_SHOWN = 5
NOT_PUBLISHED = "Nothing is published yet: run `make demo`, or `podrec run` for a day with events."


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(recommend)
    app.command()(similar)


def recommend(
    user: Annotated[str, typer.Argument(metavar="USER", help="Listener; unknown ones get the newcomers' list.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a listener's published recommendations, each with its reason.

    Example: podrec recommend listener-0042 --k 5
    """
    emit(recommendations(connect(), user, k), as_json, print_recommendations)


def recommendations(connections: Connections, user: str, k: int) -> dict:
    """The published list of a listener: user_id, known, day, version, items. Raises PermanentError before a publication."""
    published = connections.mongo.publication()
    if published is None:
        raise PermanentError(NOT_PUBLISHED)
    version = published.versions["final_recommendations"]
    found = connections.mongo.document("final_recommendations", version, user) if user else None
    served = found or connections.mongo.document("final_recommendations", version, NEWCOMER)
    fields = ("rank", "episode_id", "show", "title", "score", "als", "cosine", "sources", "reason")
    items = [{"show": i["show_title"], **i} for i in (served or {"items": []})["items"][:k]]
    return {
        "user_id": user,
        "known": found is not None,
        "day": str(published.day),
        "version": version,
        "items": [{f: i[f] for f in fields} for i in items],
    }


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
    emit(neighbours(connect(), episode, k), as_json, _print_neighbours)


def neighbours(connections: Connections, episode: str, k: int) -> dict:
    """The published neighbours of an episode: episode_id, items.

    Raises:
        UnknownIdError: there is no such episode; the message names some that exist.
    """
    published = connections.mongo.publication()
    if published is None:
        raise PermanentError(NOT_PUBLISHED)
    version = published.versions["similarities"]
    found = connections.mongo.document("similarities", version, episode)
    rows = connections.lake.read("episodes", columns=("episode_id", "title")).to_pylist()
    titles = {r["episode_id"]: r["title"] for r in rows}
    if found is None:
        known = ", ".join(connections.mongo.keys("similarities", version)[:KNOWN_SHOWN])
        why = "has no transcript, so it has no neighbours" if episode in titles else "is unknown"
        raise UnknownIdError(f"episode {episode!r} {why}; known: {known}, ...")
    items = [
        {
            "rank": i["rank"],
            "episode_id": i["episode_id"],
            "title": titles.get(i["episode_id"]),
            "cosine": i["cosine"],
            "here_s": i["here_s"],
            "there_s": i["there_s"],
        }
        for i in found["items"][:k]
    ]
    return {"episode_id": episode, "title": titles.get(episode), "items": items}


def _print_neighbours(document: dict) -> None:
    out.print(f"[bold]{document['title']}[/] ({document['episode_id']})")
    for item in document["items"]:
        times = f"{clock(item['here_s'])} here, {clock(item['there_s'])} there"
        out.print(f" {item['rank']:>2}. {item['title']}  {item['cosine']:.2f}  [dim]{times}  {item['episode_id']}[/]")


def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss."""
    if seconds is None:
        return "-"
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
