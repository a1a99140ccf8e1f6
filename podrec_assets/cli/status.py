"""`podrec status`: what is running, what is stored, and what is published."""

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.cli.up import print_services
from podrec_assets.errors import DamagedTableError, PodrecError
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    COLLECTIONS,
    DEAD_LETTERS,
    EPISODES,
    LISTS,
    TABLES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.services import supervisor
from podrec_assets.serving import health
from podrec_assets.serving.rollback import refused
from podrec_assets.stores.delta import maintenance
from podrec_assets.stores.mongo import Publication, refusal

NO_DAY_WAITS = "no_day_waits.json"
"""File under HOME with the version of the tables in which no day waited for late events."""
_TABLE_COLUMNS = ("rows", "days", "first_day", "latest_day", "delta_version")
_NO_COLLECTION = {"documents": None, "version": None, "day": None}


def status(as_json: Json = False) -> None:
    """Show services, tables, collections, topics, what is published, and dead letters.

    A service that is down and a table that is damaged are shown as such and are no failure; for
    advice see `podrec doctor`.

    Example: podrec status --json
    """
    emit(report(connect()), as_json, _print_status)


def report(connections: Connections) -> dict:
    """Returns the state of all parts; whatever a service that is down would tell is null."""
    settings = connections.settings
    services = supervisor.status(settings)
    problems = health.problems(connections)
    for name in ("kafka", "mongo"):
        services[name] |= {"up": problems[name] is None, "problem": problems[name]}
    mongo_up, kafka_up = services["mongo"]["up"], services["kafka"]["up"]
    published = connections.mongo.publication() if mongo_up else None
    return {
        "services": services,
        "tables": {name: _table(connections, name) for name in TABLES},
        "collections": {
            name: _collection(connections, name, published) if mongo_up else _NO_COLLECTION
            for name in COLLECTIONS
        },
        "topics": {
            topic: _topic(connections, topic, table, kafka_up)
            for topic, table in (
                (settings.episodes_topic, EPISODES.name),
                (settings.events_topic, USER_EVENTS.name),
            )
        },
        "publication": {"day": str(published.day), "version": published.versions[LISTS]}
        if published
        else None,
        "refused": _refused(connections) if mongo_up else None,
        "dead_letters": _dead_letters(connections),
        "days_waiting_for_late_events": _waiting(connections),
    }


def _table(connections: Connections, name: str) -> dict:
    try:
        maintenance.check_files(connections.lake, name)
        state, table = connections.lake.state(name), connections.lake.table(name)
    except PodrecError as err:
        return {**dict.fromkeys(_TABLE_COLUMNS), "problem": str(err)}
    return {
        "rows": table.count() if table else 0,
        "days": len(state.days),
        "first_day": str(state.first_day) if state.days else None,
        "latest_day": str(state.latest_day) if state.days else None,
        "delta_version": state.version if table else None,
    }


def _collection(connections: Connections, name: str, published: Publication | None) -> dict:
    """Returns the served version of a collection, or else its latest one."""
    mongo = connections.mongo
    served = published.versions.get(name) if published else None
    version = mongo.version(name, served) if served else mongo.latest_version(name)
    if version is None:
        return {**_NO_COLLECTION, "documents": 0}
    return {"documents": version.count, "version": version.version, "day": str(version.day)}


def _refused(connections: Connections) -> dict | None:
    """Returns the newest lists if the gate refused them, with the checks that failed."""
    version = refused(connections)
    if version is None:
        return None
    return {"day": str(version.day), "version": version.version, "reason": refusal(version)}


def _topic(connections: Connections, topic: str, table: str, up: bool) -> dict:
    ends = connections.kafka.end_offsets(topic) if up else {}
    shown_ends = json_by_partition(ends) if up else None
    try:
        ledger = connections.lake.ledger(table)
    except PodrecError:  # its table tells why
        return {"end_offsets": shown_ends, "landed_offsets": None, "lag": None}
    return {
        "end_offsets": shown_ends,
        "landed_offsets": json_by_partition(ledger.landed),
        "lag": sum(ledger.behind(ends).values()) if up else None,
    }


def _waiting(connections: Connections) -> list[str] | None:
    """Returns the days that wait for late events.

    Only Dagster knows what a score was computed from, and importing it takes longer than all the
    rest. So the tables in which no day waits are noted: until one of them changes, none will.
    """
    with suppress(DamagedTableError):
        note = connections.settings.home / NO_DAY_WAITS
        tables = [connections.lake.table(t.name) for t in (USER_EVENTS, USER_VS_EPISODE_DAILY)]
        current = [[str(t.metadata().id), t.version()] if t else None for t in tables]
        if tables[0] is None or _noted(note) == current:
            return []
        from podrec_assets.defs.instance import open_instance
        from podrec_assets.defs.sensors.late_events import waiting_days

        with open_instance(connections.settings) as instance:
            days = waiting_days(connections, instance, datetime.now(UTC).date())
        if not days:
            note.write_text(json.dumps(current))
        return [str(day) for day in days]
    return None


def _noted(note: Path) -> list | None:
    try:
        return json.loads(note.read_text())
    except (OSError, ValueError):
        return None


def _dead_letters(connections: Connections) -> dict[str, int] | None:
    """Returns the number of dead letters by reason, the most frequent first."""
    try:
        letters = connections.lake.read(DEAD_LETTERS.name, columns=["reason"])
    except DamagedTableError:
        return None
    counts = Counter(letters["reason"].to_pylist())
    return dict(sorted(counts.items(), key=lambda c: (-c[1], c[0])))


def _print_status(document: dict) -> None:
    print_services(document)
    _print_grid("table", _TABLE_COLUMNS, document["tables"])
    for table in document["tables"].values():
        if "problem" in table:
            out.print(line(("damaged", "red"), f": {table['problem']}"))
    _print_grid("collection", ("documents", "version", "day"), document["collections"])
    _print_grid("topic", ("end_offsets", "landed_offsets", "lag"), document["topics"])
    published = document["publication"]
    out.print(
        f"published: {published['day']}, version {published['version']}"
        if published
        else "published: nothing yet"
    )
    if document["refused"]:
        out.print(line(("not served", "red"), f": {document['refused']['reason']}"))
    if document["dead_letters"] is not None:
        letters = ", ".join(f"{reason} {n}" for reason, n in document["dead_letters"].items())
        out.print(f"dead letters: {letters or 'none'}")
    if document["days_waiting_for_late_events"] is not None:
        waiting = ", ".join(document["days_waiting_for_late_events"])
        out.print(f"days waiting for late events: {waiting or 'none'}")


def _print_grid(title: str, columns: tuple[str, ...], rows: dict[str, dict]) -> None:
    grid = Table(title, *columns, box=None, header_style="bold", pad_edge=False)
    for name, row in rows.items():
        grid.add_row(name, *("-" if row[c] is None else str(row[c]) for c in columns))
    out.print(grid)
