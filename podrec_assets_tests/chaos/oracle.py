"""What must hold after any crashes: `podrec doctor --deep` is green, and the data is the same."""

from collections.abc import Container, Iterable, Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from podrec_assets.defs.audit.audits import audits, examine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    COLLECTIONS,
    DEAD_LETTERS,
    EPISODES,
    TABLES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.mongo import MongoStore, retention
from podrec_assets_tests.chaos.world import World

AUDITS = audits(dg.DagsterInstance.ephemeral())
"""Of an instance without runs: what Dagster shows is not part of the schedules."""
ALL = {audit.what for audit in AUDITS}
AT_ANY_TIME = {"offsets of user_events", "publication"}
"""What holds even between a crash and the next run, and readers rely on.

A new table whose first commit was cut off counts as damaged until then.
"""
assert AT_ANY_TIME <= ALL
Outcome = dict[str, Any]
"""What people and later runs can see, by a name of it."""


def faults(connections: Connections, names: Container[str] = ALL) -> list[str]:
    """Returns what `podrec doctor --deep` finds; by default in all of its audits."""
    return [
        f"doctor: {finding.what}: {finding.detail}"
        for audit in AUDITS
        if audit.what in names
        for finding in examine(connections, audit)
        if not finding.ok
    ]


def outcome(world: World) -> Outcome:
    """Returns everything that must be the same with and without crashes."""
    restored = {f"restored {name}": value for name, value in _tables(world.restored.lake)}
    return {
        **dict(_tables(world.connections.lake)),
        **restored,
        **dict(_served(world.connections.mongo)),
    }


def differences(found: Outcome, expected: Outcome) -> list[str]:
    return [
        f"{name}: {_first_difference(found.get(name), expected.get(name))}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]


def _tables(lake: Lake) -> Iterator[tuple[str, Any]]:
    """Rows without order, landed offsets and written days."""
    for name in (USER_EVENTS.name, EPISODES.name, DEAD_LETTERS.name, USER_VS_EPISODE_DAILY.name):
        spec, state = TABLES[name], lake.state(name)
        rows = lake.read(name).to_pylist()
        yield f"{name} rows", sorted(rows, key=lambda r: [str(r[k]) for k in ("day", *spec.key)])
        yield f"{name} ledger", state.ledger
        yield f"{name} days", sorted(state.days)


def _served(mongo: MongoStore) -> Iterator[tuple[str, Any]]:
    """What is served and kept. Names of versions differ, as they name the run that wrote them."""
    current = mongo.publication()
    assert current
    yield "served day", current.day
    for collection, version in current.versions.items():
        yield f"served {collection}", mongo.documents(collection, version)
    retention.prune(mongo, keep_days=100, grace=timedelta(0))
    for collection in COLLECTIONS:
        versions = mongo.versions(collection)
        yield f"{collection} by day", {v.day: (v.count, v.checksum) for v in versions}
        listed = sum(v.count for v in versions)
        yield f"{collection} unlisted", mongo.db[collection].count_documents({}) - listed
    yield "unfinished writes", mongo.db["unfinished"].count_documents({})


def _first_difference(found: Any, expected: Any) -> str:
    if isinstance(found, list) and isinstance(expected, list):
        lost, more = _without(expected, found), _without(found, expected)
        return f"{len(found)} instead of {len(expected)}; lost {_shown(lost)}; more {_shown(more)}"
    return f"{found!r} instead of {expected!r}"


def _without(some: Iterable, others: list) -> list:
    return [s for s in some if s not in others]


def _shown(values: list) -> str:
    return f"{len(values)}, e.g. {values[0]!r}" if values else "none"
