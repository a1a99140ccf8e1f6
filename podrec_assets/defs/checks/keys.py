"""Checks that every Delta table answers the same way: keys are unique and present, the partition is
written.
"""

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES, Table


def build_key_check(spec: Table) -> dg.AssetChecksDefinition:
    """A blocking check that the table's key is unique and has no nulls on the days of the run."""

    @dg.asset_check(
        asset=spec.name,
        name="keys_are_unique",
        blocking=True,
        description=f"({', '.join(('day', *spec.key))}) is unique and never null on the days of the run.",
    )
    def keys_are_unique(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        first, last = days_of_run(context, connections.lake.state(spec.name).latest_day)
        rows = connections.lake.read(
            spec.name, f"day >= '{first}' AND day <= '{last}'", ("day", *spec.key)
        )
        repeated, absent = count_key_faults(rows, spec)
        return dg.AssetCheckResult(
            passed=repeated == 0 and absent == 0,
            metadata={
                "row_count": len(rows),
                "repeated_key_count": repeated,
                "null_key_count": absent,
            },
        )

    return keys_are_unique


def count_key_faults(rows: pa.Table, spec: Table) -> tuple[int, int]:
    """(rows beyond the first of their key, key values that are null)."""
    keys = ["day", *spec.key]
    distinct = len(rows.group_by(keys).aggregate([]))
    return len(rows) - distinct, sum(rows[k].null_count for k in keys)


KEY_CHECKS = [build_key_check(spec) for spec in TABLES.values()]
