"""Checks that the keys of every Delta table are unique and never null."""

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.checks.run_days import run_filter
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES, Table


def build_key_check(spec: Table) -> dg.AssetChecksDefinition:
    """A blocking check that the table's key is unique and never null on the run's days."""

    @dg.asset_check(
        asset=spec.name,
        name="keys_are_unique",
        blocking=True,
        description=f"({', '.join(('day', *spec.key))}) is unique and never null.",
    )
    def keys_are_unique(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        where = run_filter(context, connections.lake, spec.name)
        rows = connections.lake.read(spec.name, where, ("day", *spec.key))
        repeated, null = count_key_faults(rows, spec)
        return dg.AssetCheckResult(
            passed=repeated == 0 and null == 0,
            metadata={
                "row_count": len(rows),
                "repeated_key_count": repeated,
                "null_key_count": null,
            },
        )

    return keys_are_unique


def count_key_faults(rows: pa.Table, spec: Table) -> tuple[int, int]:
    """(number of rows after the first of their key, number of null key values)."""
    keys = ["day", *spec.key]
    distinct = len(rows.group_by(keys).aggregate([]))
    return len(rows) - distinct, sum(rows[k].null_count for k in keys)


CHECKS = [build_key_check(spec) for spec in TABLES.values()]
