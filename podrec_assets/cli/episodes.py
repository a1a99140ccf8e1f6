"""`podrec episodes`: the known episodes."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.serving import catalogue

FIELDS = (
    "episode_id",
    "show_id",
    "show_title",
    "title",
    "published_at",
    "duration_s",
    "feed_url",
    "guid",
    "audio_url",
)
SHOWN = 20
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def episodes(
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="Text that the show or title must contain.")
    ] = "",
    k: Annotated[
        int | None,
        typer.Option("--k", min=1, help=f"Number of episodes; default {SHOWN}, all with --json."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the known episodes with their ids, newest first.

    Events and other commands name an episode by its id. A withdrawn one says by what and why.
    --json adds the show's id, guid and addresses.

    Example: podrec episodes "comet" --json
    """
    connections = connect()
    known = catalogue.episodes(connections, FIELDS)
    withdrawn = catalogue.withdrawn(connections, known)
    matching = [
        r | {"withdrawal": withdrawn[e].document() if e in withdrawn else None}
        for e, r in known.items()
        if words.casefold() in f"{r['show_title']} {r['title']}".casefold()
    ]
    matching.sort(key=lambda r: (-(r["published_at"] or LONG_AGO).timestamp(), r["episode_id"]))
    document = {
        "known_count": len(known),
        "found_count": len(matching),
        "episodes": matching[: k or (None if as_json else SHOWN)],
    }
    emit(document, as_json, _print_episodes)


def _print_episodes(document: dict) -> None:
    if not document["known_count"]:
        out.print("no episodes are known yet: run `podrec ingest FEED_URL`, then `podrec catch-up`")
    for row in document["episodes"]:
        published = f"{row['published_at']:%Y-%m-%d}" if row["published_at"] else " " * 10
        named = f"{row['episode_id']}  {published}  {row['title'] or '-'} "
        out.print(line(named, (f"({row['show_title'] or '-'})", "dim")))
        if row["withdrawal"]:
            out.print(row["withdrawal"]["says"], style="yellow")
    if (hidden := document["found_count"] - len(document["episodes"])) > 0:
        out.print(f"and {hidden} more: --k {document['found_count']}", style="dim")
