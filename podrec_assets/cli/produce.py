"""`podrec produce`: imports listening events from a file."""

from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.listening.event_files import lines_of
from podrec_assets.pipelines.listening.event_import import EpisodeNames, EventImport


def produce(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="One JSON event per line; or .csv with the fields as its header."
        ),
    ],
    topic: Annotated[
        str, typer.Option("--topic", help="Kafka topic; that of listening events by default.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Import listening events from a file (JSON lines or CSV) into Kafka.

    Each line becomes one record; an optional field recorded_at becomes its timestamp. An event
    names its episode by episode_id, or by audio_url or guid (and feed_url) as in the feed. Lines
    that are not JSON are produced unchanged, so that landing shows how it handles them. A line that
    is too long, a recorded_at without a zone, or a CSV row that is no event is named with its line
    number; the others are produced, and the command fails.

    Example: podrec produce my-events.jsonl
    """
    if not file.is_file():
        raise PermanentError(
            f"{file} is not a file; give a file with one JSON object per line, or a .csv file."
        )
    connections = connect()
    topic = topic or connections.settings.events_topic
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    imported = EventImport(
        EpisodeNames(connections.lake), connections.settings.future_skew_s, connections.now()
    )
    produced_count = connections.kafka.produce(
        topic,
        imported.messages(lines_of(file)),
        refused=lambda message, reason: imported.refuse(message.line, reason),
    )
    document = {
        "topic": topic,
        "produced_count": produced_count,
        "resolved_count": imported.resolved_count,
        "unknown_count": imported.unknown_count,
        "first_unknown": imported.first_unknown,
        "first_day": str(imported.first_day) if imported.first_day else None,
        "refused_count": imported.refused_count,
        "refused": imported.refused,
    }
    emit(document, as_json, _print_produced)
    if imported.refused_count:
        raise PermanentError(
            f"{imported.refused_count} lines of {file} were not produced; fix them and produce the "
            "file again, because repeated events count once."
        )


def _print_produced(document: dict) -> None:
    out.print(f"{document['produced_count']} records produced to {document['topic']}")
    for refused in document["refused"]:
        out.print(f"line {refused['line']} was not produced: {refused['reason']}")
    if document["refused_count"] > len(document["refused"]):
        out.print(f"... and {document['refused_count'] - len(document['refused'])} more lines")
    if document["unknown_count"]:
        out.print(
            f"{document['unknown_count']} events name an unknown episode, the first "
            f"{document['first_unknown']}; they will become dead letters. Ingest its feed, run "
            "`podrec catch-up`, and produce the file again."
        )
    out.print(
        "next: `podrec catch-up` lands them and updates the lists; if `podrec ui` is running, its "
        "daemon does so",
        style="dim",
    )
