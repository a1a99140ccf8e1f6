"""Audits of Delta tables: files, columns, keys, and the days that Dagster shows."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import dagster as dg

from podrec_assets.defs.audit.findings import Fault, commands_to_run, listed
from podrec_assets.defs.checks.keys import count_key_faults
from podrec_assets.defs.checks.vectors import embedding_versions
from podrec_assets.defs.dagster_internals import materialized_days
from podrec_assets.errors import DamagedTableError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, TABLES, VECTORS
from podrec_assets.stores.delta import between, conflicts, maintenance
from podrec_assets.stores.mongo import MongoStore

DAYS_AT_ONCE = 31
"""Days whose keys are in memory together."""


def file_faults(connections: Connections) -> Iterator[Fault]:
    """Tables with a file of their log or of their current version missing or damaged."""
    return _of_each_table(partial(maintenance.check_files, connections.lake))


def column_faults(connections: Connections) -> Iterator[Fault]:
    """Columns on disk that podrec no longer declares, or declares with another type."""
    return _of_each_table(partial(_column_faults, connections))


def _column_faults(connections: Connections, name: str) -> Iterator[Fault]:
    table = connections.lake.table(name)
    for words in conflicts(TABLES[name], table) if table is not None else ():
        yield Fault(
            f"{name}: {words}",
            "run the podrec that wrote it, or move the table away and run its days again",
        )


def key_faults(connections: Connections) -> Iterator[Fault]:
    """Months of tables with repeated or null keys."""
    return _of_each_table(partial(_key_faults, connections))


def _key_faults(connections: Connections, name: str) -> Iterator[Fault]:
    spec = TABLES[name]
    days = sorted(connections.lake.state(name).days)
    for start in range(0, len(days), DAYS_AT_ONCE):
        first, last = days[start], days[start : start + DAYS_AT_ONCE][-1]
        rows = connections.lake.read(name, between(first, last), ("day", *spec.key))
        repeated, null = count_key_faults(rows, spec)
        if repeated or null:
            words = f"{repeated} repeated and {null} null keys in {first} to {last}"
            yield Fault(
                f"{name}: {words}", commands_to_run(name, [d for d in days if first <= d <= last])
            )


def _of_each_table(faults_of: Callable[[str], Iterator[Fault] | None]) -> Iterator[Fault]:
    """The faults of every table; a damaged one is a fault and does not hide those of others."""
    for name in TABLES:
        try:
            yield from faults_of(name) or ()
        except DamagedTableError as err:
            yield Fault(err.detail, err.remedy)


def embedding_version_faults(connections: Connections) -> Iterator[Fault]:
    """Days of `vectors` with other embedding versions than the commonest one."""
    versions, other_days = embedding_versions(
        connections.lake.read(VECTORS.name, columns=("day", "embedding_version"))
    )
    if len(versions) > 1:
        counts = ", ".join(f"{n} of {version}" for version, n in versions.items())
        yield Fault(
            f"vectors of {len(versions)} models cannot be compared: {counts}",
            commands_to_run(VECTORS.name, other_days),
        )


def materialized_day_faults(
    connections: Connections, instance: dg.DagsterInstance
) -> Iterator[Fault]:
    """Days that Dagster shows as materialized but that no table or kept version has."""
    yield from _of_each_table(
        lambda name: _missing(
            name, materialized_days(instance, name) - connections.lake.state(name).days
        )
    )
    kept = _kept_days(connections.mongo, connections.settings.keep_days)
    for name in COLLECTIONS:
        shown = {d for d in materialized_days(instance, name) if not kept or d >= min(kept)}
        yield from _missing(name, shown - set(connections.mongo.days(name)))


def _missing(name: str, days: set[date]) -> Iterator[Fault]:
    if days:
        yield Fault(
            f"Dagster shows {name} of {listed(days)}, but it is not there",
            commands_to_run(name, days),
        )


def _kept_days(mongo: MongoStore, keep_days: int) -> list[date]:
    """The newest days with lists or models; older ones are pruned."""
    return sorted({day for name in COLLECTIONS for day in mongo.days(name)})[-keep_days:]
