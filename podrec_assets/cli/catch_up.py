"""`podrec catch-up`: at once, in this process, what the daemon does in its time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.cli.run import materialize
from podrec_assets.day_windows import days_between
from podrec_assets.defs.dagster_internals import latest_materialization_ids
from podrec_assets.defs.freshness import MODELS
from podrec_assets.defs.instance import open_instance
from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.late_events import waiting_days
from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import LISTS, USER_EVENTS


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command("catch-up")(catch_up)


def catch_up(as_json: Json = False) -> None:
    """Do now what the daemon does in its time: land what waits in Kafka, make the days it touches,
    and the lists of today.

    Example: podrec catch-up
    """
    connections = connect()
    emit(catch_up_to(connections, datetime.now(UTC).date()), as_json, _print)


def catch_up_to(connections: Connections, today: date, list_days: int = 1) -> dict:
    """Lands both topics, makes the facts of the days that lack what has landed, now or before, and
    models and lists.

    Args:
        connections: the lake, Kafka and MongoDB.
        today: last day.
        list_days: days that get lists, ending today.

    Returns:
        landed_days by table, content_days and listening_days (counts), day, version and
        listener_count of what is served.

    Raises:
        PodrecError: a run failed, or a blocking check refused.
    """
    landed = {name: land(connections, name) for name in ("episodes", USER_EVENTS.name)}
    for name in landed:
        if (
            today not in connections.lake.state(name).days
        ):  # nothing came: the day is empty, and what follows reads it
            run_or_raise(connections, name, today, today)
    with open_instance(connections.settings) as instance:
        announced = unencoded_days(connections, instance)
        heard = waiting_days(connections, instance, today, is_late_only=False)
    lake = connections.lake
    content = days_to_make(lake.state("vectors").latest_day, announced, today)
    listening = days_to_make(lake.state("user_vs_episode_daily").latest_day, heard, today)
    for select, days in (
        ("transcripts vectors", content),
        ("user_vs_episode_daily dead_letters", listening),
    ):
        if days:
            run_or_raise(connections, select, days[0], days[-1])
    run_or_raise(connections, " ".join(MODELS), today - timedelta(days=list_days - 1), today)
    served = connections.mongo.publication()
    lists = connections.mongo.version(LISTS, served.versions[LISTS]) if served else None
    return {
        "landed_days": {name: [str(d) for d in days] for name, days in landed.items()},
        "content_days": len(content),
        "listening_days": len(listening),
        "day": str(served.day) if served else None,
        "version": lists.version if lists else None,
        "list_count": lists.count if lists else 0,
    }


def land(connections: Connections, asset: str) -> list[date]:
    """Asks the asset's offset sensor what to land and runs just that; the log days that it named."""
    from podrec_assets.definitions import build_defs

    sensor = build_defs(connections.settings).resolve_sensor_def(f"{asset}_offsets")
    with open_instance(connections.settings) as instance:
        with dg.build_sensor_context(
            instance=instance, resources={"connections": connections}, sensor_name=sensor.name
        ) as context:
            tick = sensor.evaluate_tick(context)
        for event in tick.asset_events:
            instance.report_runless_asset_event(event)
    requests = tick.run_requests or []
    say(f"sensor {sensor.name}: {tick.skip_message or ', '.join(str(r.run_key) for r in requests)}")
    days: list[date] = []
    for request in requests:
        span = days_of_tags(request.tags)
        assert span
        run_or_raise(connections, asset, *span)
        days += days_between(*span)
    return days


def run_or_raise(connections: Connections, select: str, first: date, last: date) -> None:
    """One run. Raises PodrecError with what went wrong; a check that only warns is told and does
    not stop.
    """
    document = materialize(connections.settings, select, first, last)
    if not document["success"]:
        raise PodrecError(f"The run of {select} failed: {'; '.join(document['errors'])}")
    for line in document["errors"]:
        say(f"  {line}")
    say(f"  done in {document['seconds']} s")


def unencoded_days(connections: Connections, instance: dg.DagsterInstance) -> set[date]:
    """Days of episodes without vectors, or with older ones than their episodes or transcripts.

    So a command that was killed between two of its runs leaves nothing behind that the next one
    does not see.
    """
    made = {
        name: latest_materialization_ids(instance, name)
        for name in ("episodes", "transcripts", "vectors")
    }
    there = connections.lake.state("vectors").days

    def is_outdated(day: date) -> bool:
        episodes, transcripts, vectors = (ids.get(day.isoformat(), 0) for ids in made.values())
        return max(episodes, transcripts) > vectors

    return {
        day
        for day in connections.lake.state("episodes").days
        if day not in there or is_outdated(day)
    }


def days_to_make(latest: date | None, touched: Collection[date], today: date) -> list[date]:
    """The days from the first that was touched or is absent up to today, so that the table has no
    gap.
    """
    if latest == today and not touched:
        return []
    absent = min(latest + timedelta(days=1), today) if latest else today
    return days_between(min([*touched, absent]), today)


def _print(document: dict) -> None:
    for table, days in document["landed_days"].items():
        out.print(
            f"{table}: " + (f"landed {days[0]} to {days[-1]}" if days else "nothing new to land")
        )
    out.print(
        f"made {document['content_days']} days of transcripts and vectors, {document['listening_days']} of daily scores"
    )
    out.print(
        f"served: {document['list_count']} lists as of {document['day']}, version {document['version']}"
    )
