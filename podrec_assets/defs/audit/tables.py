"""Delta tables: files, columns, keys, and the days that Dagster shows of them."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from podrec_assets.defs.audit.findings import Fault, again, listed
from podrec_assets.defs.checks.keys import count_key_faults
from podrec_assets.defs.checks.vectors import embedding_versions
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, TABLES, VECTORS
from podrec_assets.stores.delta import conflicts, maintenance
from podrec_assets.stores.mongo import MongoStore

DAYS_AT_ONCE = 31


def files_are_whole(connections: Connections) -> Iterator[Fault]:
    """Tables of whose present version a file is absent or cut short, and tables that no commit of
    podrec speaks of.
    """
    lake = connections.lake
    for name in TABLES:
        version = lake.version(name)
        if version is None:
            continue
        days = lake.state(name).days
        if lacking := maintenance.unreadable(lake, name, [version]).get(version):
            harmed = {
                date.fromisoformat(p.partition("day=")[2][:10])
                for p in lacking
                if p.startswith("day=")
            } & days
            remedy = (
                f"{again(name, harmed)}, or `podrec restore` a backup"
                if harmed
                else "`podrec restore` a backup"
            )
            yield Fault(
                f"{name} lacks {len(lacking)} files or parts of them, e.g. {lacking[0]}", remedy
            )


def columns_fit(connections: Connections) -> Iterator[Fault]:
    """Columns on disk that podrec's definition no longer has, or has in another type."""
    for name, spec in TABLES.items():
        table = connections.lake.table(name)
        for words in conflicts(spec, table) if table is not None else ():
            yield Fault(
                f"{name}: {words}",
                "run the podrec that wrote it, or move the table away and make its days again",
            )


def keys_are_unique(connections: Connections) -> Iterator[Fault]:
    """Days of tables with repeated or null keys, a month at a time."""
    for name, spec in TABLES.items():
        days = sorted(connections.lake.state(name).days)
        for start in range(0, len(days), DAYS_AT_ONCE):
            first, last = days[start], days[start : start + DAYS_AT_ONCE][-1]
            rows = connections.lake.read(
                name, f"day >= '{first}' AND day <= '{last}'", ("day", *spec.key)
            )
            repeated, absent = count_key_faults(rows, spec)
            if repeated or absent:
                words = f"{repeated} repeated and {absent} null keys in {first} to {last}"
                yield Fault(
                    f"{name}: {words}", again(name, [d for d in days if first <= d <= last])
                )


def vectors_are_of_one_version(connections: Connections) -> Iterator[Fault]:
    """Days of `vectors` whose embedding version is not that of the most."""
    versions, others = embedding_versions(
        connections.lake.read(VECTORS.name, columns=("day", "embedding_version"))
    )
    if len(versions) > 1:
        counts = ", ".join(f"{n} of {version}" for version, n in versions.items())
        yield Fault(
            f"vectors of {len(versions)} models are never compared: {counts}",
            again(VECTORS.name, others),
        )


def days_are_there(connections: Connections, instance: dg.DagsterInstance) -> Iterator[Fault]:
    """Days that Dagster shows as materialized and that the table does not have, or of which no
    version is kept.
    """
    for name in TABLES:
        yield from _lacking(name, _materialized(instance, name) - connections.lake.state(name).days)
    kept = _kept_days(connections.mongo, connections.settings.keep_days)
    for name in COLLECTIONS:
        shown = {d for d in _materialized(instance, name) if not kept or d >= min(kept)}
        yield from _lacking(name, shown - set(connections.mongo.days(name)))


def _lacking(name: str, days: set[date]) -> Iterator[Fault]:
    if days:
        yield Fault(
            f"Dagster shows {name} of {listed(days)}, but it is not there", again(name, days)
        )


def _materialized(instance: dg.DagsterInstance, name: str) -> set[date]:
    return {
        date.fromisoformat(key) for key in instance.get_materialized_partitions(dg.AssetKey(name))
    }


def _kept_days(mongo: MongoStore, keep_days: int) -> list[date]:
    """The newest days that have lists or models: what is older is pruned."""
    return sorted({day for name in COLLECTIONS for day in mongo.days(name)})[-keep_days:]
