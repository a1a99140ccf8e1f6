"""`podrec trace`: why an episode is in a list, down to the Kafka records."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.recommend.ranking.arms.registry import labelled_scores
from podrec_assets.serving.provenance import trace as find_trace


def trace(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the listener.")],
    episode: Annotated[
        str, typer.Argument(metavar="EPISODE", help="Id of an episode in the listener's list.")
    ],
    as_json: Json = False,
) -> None:
    """Explain a recommendation: its scores, runs, inputs, and the listening events behind it.

    A withdrawn episode is traced in the newest kept list that has it.

    Example: podrec trace listener-0042 e0123456789abcde
    """
    emit(find_trace(connect(), user, episode), as_json, print_trace)


def print_trace(document: dict) -> None:
    """Prints the item, how its list was published, its inputs and its events."""
    item, publication = document["item"], document["publication"]
    who = document["user_id"] or "newcomers"
    out.print(
        line((item["title"], "bold"), f" ({item['show_title']}), rank {item['rank']} for {who}")
    )
    out.print(f"  {item['reason']}")
    if document["withdrawal"]:
        out.print(line("  ", (document["withdrawal"]["says"], "yellow")))
    scores = ", ".join(f"{label} {score:.3f}" for label, score in labelled_scores(item).items())
    out.print(f"  score {item['score']:.3f}: {scores}; sources {', '.join(item['sources'])}")
    gate = publication["gate"] or {"passed": None, "overruled_at": None}
    if gate["passed"]:
        state = "passed the gate"
    else:
        overruled_at = gate["overruled_at"]
        state = f"gate overruled at {overruled_at}" if overruled_at else "not checked by the gate"
    move = publication["move_count"]
    served = f"published for {publication['day']} (move {move})" if move else "not served now"
    out.print(f"{served}, {state}")
    for run in document["runs"]:
        out.print(f"  {run['collection']:<24} version {run['version']}  run {run['run_id']}")
    for table, source in document["inputs"].items():
        first, last = source["days"]
        out.print(f"  read {table:<24} Delta version {source['delta_version']}, {first} to {last}")
    _print_events(document)


def _print_events(document: dict) -> None:
    if not document["evidence"]["is_as_made"]:
        out.print("  the table versions that were read are gone; rows and events are today's")
    for row in document["evidence"]["daily_rows"]:
        counts = f"{row['play_count']} plays, {row['like_count']} likes"
        sums = "" if row["adds_up"] else "  (older or newer than the events below)"
        out.print(f"  {row['day']}  {row['episode_id']}  score {row['score']:.1f}, {counts}{sums}")
    for event in document["events"]:
        place = f"{event['topic']}:{event['partition']}:{event['offset']}"
        what = f"{event['kind']:<10} weight {event['weight']:+.1f}"
        out.print(f"    {event['occurred_at'][:19]}  {what}  {place}  {event['event_id']}")
    if not document["events"]:
        out.print("  no event of this listener led to it: the episode is popular or new")
