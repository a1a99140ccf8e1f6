"""`podrec stream`: lands events continuously, in this process."""

import signal
import threading
import time
from datetime import UTC, datetime
from typing import Annotated

import dagster as dg
import typer
from filelock import Timeout

from podrec_assets.cli.console import connect, out
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import RetryableError, ServiceError
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding, Landed
from podrec_assets.pipelines.listening.stream_lock import stream_lock
from podrec_assets.schemas import USER_EVENTS


def stream(
    every_s: Annotated[
        float, typer.Option("--every", min=0.1, help="Seconds between landings.")
    ] = 5.0,
) -> None:
    """Land events from Kafka continuously, until Ctrl-C or SIGTERM.

    Prints the rate and the lag, and reports the affected days to Dagster. While it runs, the offset
    sensor requests no landings, and the table's lock keeps any other landing out of a batch.

    Example: podrec stream --every 5
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    connections = connect()
    try:
        with stream_lock(connections.lake):
            land_until(stop, connections, every_s)
    except Timeout as err:
        raise ServiceError(
            "Another `podrec stream` is landing into this lake; stop it first."
        ) from err
    out.print("stopped; all events that were read have landed")


def land_until(stop: threading.Event, connections: Connections, every_s: float) -> None:
    """Lands new events until `stop` is set; finishes a landing that has started."""
    from podrec_assets.defs.resources.spark import SparkResource
    from podrec_assets.pipelines.compute_engine import build_engine

    lake, kafka, settings = connections.lake, connections.kafka, connections.settings
    spark = SparkResource.from_settings(settings)
    engine = build_engine(settings, lambda: spark.session(settings))
    reader = engine.event_reader(lake, kafka, settings)
    with open_instance(settings) as instance:
        while not stop.is_set():
            start, today = time.monotonic(), datetime.now(UTC).date()
            try:
                landed = EventLanding(lake, kafka, settings, today, reader).land_new()
            except RetryableError as err:
                out.print(f"{_now()}  {err}")
            else:
                report(instance, landed)
                _print_progress(connections, landed, time.monotonic() - start)
            stop.wait(every_s)


def report(instance: dg.DagsterInstance, landed: Landed) -> None:
    """Reports the days with new rows to Dagster."""
    offsets = json_by_partition(landed.ledger.landed)
    metadata = {
        "landed_offsets": dg.MetadataValue.json(offsets),
        "new_row_count": dg.MetadataValue.int(landed.row_count),
        "dead_letter_count": dg.MetadataValue.int(landed.dead_count),
        "unreadable_count": dg.MetadataValue.int(landed.unreadable_count),
    }
    for day in sorted(landed.log_days):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(USER_EVENTS.name, partition=str(day), metadata=metadata)
        )


def _print_progress(connections: Connections, landed: Landed, seconds: float) -> None:
    count = landed.row_count + landed.dead_count
    ends = connections.kafka.end_offsets(connections.settings.events_topic)
    lag = sum(landed.ledger.behind(ends).values())
    rate = f"{count / seconds:.0f} per second"
    letters = f"{landed.dead_count} dead letters"
    out.print(f"{_now()}  {count} records landed, {rate}, {letters}, lag {lag}")


def _now() -> str:
    return f"{datetime.now(UTC):%H:%M:%S}"
