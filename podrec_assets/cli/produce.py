"""`podrec produce`: imports listening events from a file."""

from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.listening.event_import import (
    EpisodeNames,
    Imported,
    lines_of,
    to_message,
)


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
    that are not JSON are produced unchanged, so that landing shows how it handles them.

    Example: podrec produce my-events.jsonl
    """
    if not file.is_file():
        raise PermanentError(
            f"{file} is not a file; give a file with one JSON object per line, or a .csv file."
        )
    connections = connect()
    topic = topic or connections.settings.events_topic
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    imported = Imported(EpisodeNames(connections.lake))
    produced_count = connections.kafka.produce(
        topic, (to_message(line, imported) for line in lines_of(file))
    )
    document = {
        "topic": topic,
        "produced_count": produced_count,
        "resolved_count": imported.resolved_count,
        "unknown_count": imported.unknown_count,
        "first_unknown": imported.first_unknown,
        "first_day": str(imported.first_day) if imported.first_day else None,
    }
    emit(document, as_json, _print_produced)


def _print_produced(document: dict) -> None:
    out.print(f"{document['produced_count']} records produced to {document['topic']}")
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
