"""`podrec recommend | similar | publish | rebuild`: what is published, the pointer moved by hand,
an old version made again.
"""

from datetime import date
from typing import Annotated

import typer
from rich.markup import escape

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.defs.instance import open_instance
from podrec_assets.formatting import clock
from podrec_assets.schemas import LISTS
from podrec_assets.serving.reader import neighbours, recommendations
from podrec_assets.serving.rollback import publish_day

SIMILAR_FIELDS = ("rank", "episode_id", "title", "cosine", "here_s", "there_s")


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(recommend)
    app.command()(similar)
    app.command()(publish)
    app.command("rebuild")(rebuild_version)


def recommend(
    user: Annotated[
        str, typer.Argument(metavar="USER", help="Listener; unknown ones get the newcomers' list.")
    ],
    k: Annotated[int, typer.Option("--k", min=1, help="Number of episodes.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a listener's published recommendations, each with its reason.

    Example: podrec recommend listener-0042 --k 5
    """
    emit(recommendations(connect(), user, k), as_json, print_recommendations)


def print_recommendations(document: dict) -> None:
    """A list for people."""
    who = (
        document["user_id"]
        if document["known"]
        else f"{document['user_id']} (unknown listener: the newcomers' list)"
    )
    out.print(f"[bold]{escape(who)}[/], as of {document['day']}")
    for item in document["items"]:
        out.print(
            f" {item['rank']:>2}. {escape(item['title'])} [dim]({escape(item['show'])})[/]  {item['score']:.2f}"
        )
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
    out.print(f"[bold]{escape(document['title'])}[/] ({document['episode_id']})")
    for item in document["items"]:
        here, there = ("-" if item[s] is None else clock(item[s]) for s in ("here_s", "there_s"))
        title, places = escape(item["title"]), f"{here} here, {there} there"
        out.print(
            f" {item['rank']:>2}. {title}  {item['cosine']:.2f}  [dim]{places}  {item['episode_id']}[/]"
        )


def publish(
    day: Annotated[str, typer.Option("--day", help="Day whose versions are to be served.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Although a comparison with the served lists refused them."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve the versions of another day: roll back, or forward again.

    Lists that the gate refused or has not judged are never served; --force overrules its
    comparisons (coverage, churn, popularity, quality), never its faults. The nightly run publishes
    newer days again; an older day never replaces what this command chose.

    Example: podrec publish --day 2026-11-01
    """
    try:
        wanted = date.fromisoformat(day)
    except ValueError as err:
        raise typer.BadParameter(f"{day!r} is not a day, e.g. 2026-11-01.") from err
    from podrec_assets.defs.jobs.rollback import materialization

    connections = connect()
    moved = publish_day(connections, wanted, force)
    with open_instance(connections.settings) as instance:
        instance.report_runless_asset_event(materialization(moved))
    document = {
        "day": str(moved.day),
        "versions": moved.versions,
        "previous": moved.previous,
        "move_count": moved.v,
    }
    emit(
        document,
        as_json,
        lambda d: out.print(f"served now: {d['day']}, version {d['versions'][LISTS]}"),
    )


def rebuild_version(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION", help="Version, as `podrec status` and `podrec trace` name it."
        ),
    ],
    collection: Annotated[
        str, typer.Option("--collection", help="final_recommendations, als_top_n or similarities.")
    ] = LISTS,
    as_json: Json = False,
) -> None:
    """Make an old version again from the Delta versions, models and settings it was made of, and
    compare the bytes.

    Exits 1 when they differ. Writes nothing. Possible for as long as the lake keeps the old files:
    `podrec vacuum` keeps what kept versions were made of, `podrec forget` does not.

    Example: podrec rebuild 2026-11-01.1a2b3c4d
    """
    from podrec_assets.defs.jobs.rebuild import difference, rebuild

    found = rebuild(connect(), version, collection)
    emit(found.document(), as_json, lambda d: _print_rebuilt(d, difference(found)))
    if not found.is_identical:
        raise typer.Exit(1)


def _print_rebuilt(document: dict, difference: str) -> None:
    for table, version in document["delta_versions"].items():
        out.print(f"  read {table:<24} Delta version {version}")
    for name, version in document["models"].items():
        out.print(f"  read {name:<24} version {version}")
    same = f"[green]the same[/]: {document['rebuilt_count']} documents, checksum {document['checksum']}"
    verdict = same if document["is_identical"] else f"[red]{escape(difference)}[/]"
    out.print(f"{document['collection']} {document['version']}: {verdict}")
