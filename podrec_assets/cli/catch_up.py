"""`podrec catch-up`: lands new records and publishes today's lists now, in this process."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import dagster as dg

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
from podrec_assets.schemas import (
    DEAD_LETTERS,
    EPISODES,
    LISTS,
    TRANSCRIPTS,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
)


def catch_up(as_json: Json = False) -> None:
    """Land new records, update the tables of affected days, and publish today's lists.

    The daemon of `podrec ui` does this on its own schedule.

    Example: podrec catch-up
    """
    connections = connect()
    emit(catch_up_to(connections, datetime.now(UTC).date()), as_json, _print_served)


def catch_up_to(connections: Connections, today: date, list_days: int = 1) -> dict:
    """Lands both topics, updates the tables of all affected days, then fits models and lists.

    A day is affected by records that landed now, or in an earlier command that was killed.

    Args:
        connections: the lake, Kafka and MongoDB.
        today: last day.
        list_days: days that get lists, ending today.

    Returns:
        landed_days by table, content_days and listening_days (counts), and day, version and
        list_count of what is served.

    Raises:
        PodrecError: a run or a blocking check failed.
    """
    landed = {name: land(connections, name) for name in (EPISODES.name, USER_EVENTS.name)}
    for name in landed:
        # Assets downstream read today's partition, even if it is empty.
        if today not in connections.lake.state(name).days:
            run_or_raise(connections, name, today, today)
    with open_instance(connections.settings) as instance:
        unencoded = unencoded_days(connections, instance)
        unscored = waiting_days(connections, instance, today, is_late_only=False)
    lake = connections.lake
    content = days_to_update(lake.state(VECTORS.name).latest_day, unencoded, today)
    scored_until = lake.state(USER_VS_EPISODE_DAILY.name).latest_day
    listening = days_to_update(scored_until, unscored, today)
    for select, days in (
        (f"{TRANSCRIPTS.name} {VECTORS.name}", content),
        (f"{USER_VS_EPISODE_DAILY.name} {DEAD_LETTERS.name}", listening),
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
    """Evaluates the asset's offset sensor, runs what it requests, and returns the log days."""
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
    """Materializes a selection. Prints warnings of checks; raises PodrecError if the run fails."""
    document = materialize(connections.settings, select, first, last)
    if not document["success"]:
        raise PodrecError(f"The run of {select} failed: {'; '.join(document['errors'])}")
    for line in document["errors"]:
        say(f"  {line}")
    say(f"  done in {document['seconds']} s")


def unencoded_days(connections: Connections, instance: dg.DagsterInstance) -> set[date]:
    """Returns days of episodes whose vectors are missing or older than episodes or transcripts.

    This finds what a command that was killed between two of its runs left undone.
    """
    latest_ids = {
        name: latest_materialization_ids(instance, name)
        for name in (EPISODES.name, TRANSCRIPTS.name, VECTORS.name)
    }
    encoded = connections.lake.state(VECTORS.name).days

    def is_outdated(day: date) -> bool:
        episodes, transcripts, vectors = (
            ids.get(day.isoformat(), 0) for ids in latest_ids.values()
        )
        return max(episodes, transcripts) > vectors

    return {
        day
        for day in connections.lake.state(EPISODES.name).days
        if day not in encoded or is_outdated(day)
    }


def days_to_update(latest: date | None, affected: Collection[date], today: date) -> list[date]:
    """Returns the days from the first affected or missing one to today, without a gap.

    Args:
        latest: latest day of the table; None if it is empty.
        affected: days with new input.
        today: last day.
    """
    if latest == today and not affected:
        return []
    first_missing = min(latest + timedelta(days=1), today) if latest else today
    return days_between(min([*affected, first_missing]), today)


def _print_served(document: dict) -> None:
    d = document
    for table, days in d["landed_days"].items():
        landed = f"landed {days[0]} to {days[-1]}" if days else "nothing new to land"
        out.print(f"{table}: {landed}")
    out.print(
        f"updated {d['content_days']} days of transcripts and vectors, {d['listening_days']} of "
        "daily scores"
    )
    out.print(f"served: {d['list_count']} lists as of {d['day']}, version {d['version']}")
