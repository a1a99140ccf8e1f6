"""`podrec accept-loss`: records events that Kafka deleted before they landed."""

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.pipelines.listening import event_landing
from podrec_assets.schemas import USER_EVENTS


def accept_loss(as_json: Json = False) -> None:
    """Record events that Kafka deleted before they landed as lost, so that landing continues.

    They stay visible in the check `log_is_replayable` and in the ledger of their day.

    Example: podrec accept-loss
    """
    connections = connect()
    before = connections.lake.ledger(USER_EVENTS.name)
    after = event_landing.accept_loss(
        connections.lake, connections.kafka, connections.settings.events_topic
    )
    new = {
        partition: [list(span) for span in spans if span not in before.lost.get(partition, ())]
        for partition, spans in after.lost.items()
    }
    lost = json_by_partition({partition: spans for partition, spans in new.items() if spans})
    emit({"lost": lost}, as_json, _print_lost)


def _print_lost(document: dict) -> None:
    count = 0
    for partition, spans in document["lost"].items():
        count += sum(end - start for start, end in spans)
        offsets = ", ".join(f"{start} to {end - 1}" for start, end in spans)
        out.print(f"partition {partition}: offsets {offsets} are recorded as lost")
    out.print(f"{count} records lost" if count else "nothing was lost")
