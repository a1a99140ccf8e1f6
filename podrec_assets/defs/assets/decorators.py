"""What all assets share: daily partitions, one writer at a time, one owner, a schema in the UI."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from podrec_assets.defs.freshness import DEADLINES
from podrec_assets.defs.io_managers.delta import column_schema
from podrec_assets.defs.io_managers.mongo import document_schema
from podrec_assets.defs.partitions import DAILY
from podrec_assets.schemas import Table

OWNERS = ["team:podrec"]
Decorator = Callable[[Callable], dg.AssetsDefinition]


def daily_asset(name: str, **more: Any) -> Decorator:
    """Decorator of an asset with daily partitions, one run per range and one writer at a time.

    Args:
        name: of the asset; its freshness policy is the deadline in `freshness.DEADLINES`, if any.
        **more: arguments of `dg.asset`. A `pool` replaces the writer's pool, because a step can
            hold only one.
    """
    deadline = DEADLINES.get(name)
    shared = {
        "owners": OWNERS,
        "code_version": "1",
        "pool": f"write_{name}",
        "freshness_policy": deadline and deadline.policy,
    }
    return dg.asset(
        partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run(), **(shared | more)
    )


def table_asset(spec: Table, **more: Any) -> Decorator:
    """Decorator of an asset that is a Delta table."""
    return daily_asset(
        spec.name,
        io_manager_key="delta",
        metadata={"dagster/column_schema": column_schema(spec)},
        **more,
    )


def collection_asset(name: str, **more: Any) -> Decorator:
    """Decorator of an asset that is a versioned Mongo collection."""
    return daily_asset(
        name,
        io_manager_key="mongo",
        metadata={"dagster/column_schema": document_schema(name)},
        **more,
    )
