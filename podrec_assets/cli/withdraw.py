"""`podrec withdraw`: keeps an episode or a show out of all lists, or brings it back."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.serving import catalogue

COLUMNS = ("show_id", "show_title", "title")


def withdraw(
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Id of an episode.")] = "",
    show: Annotated[
        str, typer.Option("--show", help="Id or exact title of a show: all its episodes.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Bring it back.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; shown by `podrec trace` and `podrec episodes`.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Withdraw an episode or a show: no list has it from the next publication on.

    History and traces keep it. It stays withdrawn until --undo. What its feed dropped or whose
    audio is gone is withdrawn without this command; --undo brings that back too. Without EPISODE
    and --show: lists what is withdrawn.

    Example: podrec withdraw e0123456789abcde --reason "asked for by the publisher"
    """
    if episode and show:
        raise typer.BadParameter("Give either EPISODE or --show, not both.")
    if not episode and not show:
        if undo or reason:
            raise typer.BadParameter("Say what to withdraw: EPISODE or --show SHOW.")
        emit(_listing(connect()), as_json, _print_listing)
        return
    emit(_change(connect(), episode, show, undo, reason), as_json, _print_change)


def _change(connections: Connections, episode: str, show: str, undo: bool, reason: str) -> dict:
    known = catalogue.episodes(connections, COLUMNS)
    target = _show_id(known, show) if show else episode
    if episode and episode not in known:
        raise UnknownIdError(f"episode {episode!r} is unknown; `podrec episodes` lists the known.")
    records = WithdrawalRecords(connections.lake)
    added = records.add_word(target, not undo, reason.strip(), datetime.now(UTC))
    withdrawn = catalogue.withdrawn(connections, known)
    ids = [e for e, row in known.items() if target in (e, row["show_id"])]
    row = known[ids[0]]
    return {
        "target_id": target,
        "title": row["show_title"] if show else row["title"],
        "is_changed": bool(added),
        "episode_count": len(ids),
        "withdrawn": [
            {"episode_id": e, **withdrawn[e].document()} for e in sorted(ids) if e in withdrawn
        ],
    }


def _show_id(known: dict[str, dict], show: str) -> str:
    """Returns the id of the show with an id or title."""
    ids = {r["show_id"] for r in known.values() if show in (r["show_id"], r["show_title"])}
    if len(ids) == 1:
        return str(ids.pop())
    if ids:
        raise UnknownIdError(f"{len(ids)} shows are called {show!r}: {', '.join(sorted(ids))}.")
    raise UnknownIdError(f"show {show!r} is unknown; `podrec episodes --json` has the ids.")


def _listing(connections: Connections) -> dict:
    known = catalogue.episodes(connections, COLUMNS)
    titles = {r["show_id"]: r["show_title"] for r in known.values()}
    titles |= {e: r["title"] for e, r in known.items()}
    current = WithdrawalRecords(connections.lake).state().current
    return {"withdrawn": [{**w.document(), "title": titles.get(w.target_id)} for w in current]}


def _print_listing(document: dict) -> None:
    if not document["withdrawn"]:
        out.print("nothing is withdrawn")
    for row in document["withdrawn"]:
        out.print(line(f"{row['target_id']}  {row['title'] or '-'}  ", (row["says"], "yellow")))


def _print_change(document: dict) -> None:
    if not document["is_changed"]:
        out.print("nothing to change", style="dim")
    count = document["episode_count"]
    episodes = f", {count} episode{'s' if count > 1 else ''}" if count > 1 else ""
    out.print(line((document["title"] or document["target_id"], "bold"), episodes))
    for row in document["withdrawn"]:
        out.print(line(f"{row['episode_id']}  ", (row["says"], "yellow")))
    if len(document["withdrawn"]) < count:
        out.print(f"{count - len(document['withdrawn'])} can be listed")
    if document["is_changed"]:
        out.print("in force from the next publication on", style="dim")
