"""What all assets have in common, written once: one row a day's partition, one writer, one owner."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from podrec_assets.defs.assets.kafka_topics import OWNERS
from podrec_assets.defs.freshness import DEADLINES
from podrec_assets.defs.io_managers.delta import column_schema
from podrec_assets.defs.io_managers.mongo import document_schema
from podrec_assets.defs.partitions import DAILY
from podrec_assets.schemas import Table

Decorator = Callable[[Callable], dg.AssetsDefinition]


def daily_asset(name: str, **more: Any) -> Decorator:
    """The decorator of an asset of daily partitions whose range is one run and which has one writer
    at a time.

    Its freshness is the deadline that `freshness.DEADLINES` has for the name. A `pool` given takes
    the place of the one writer's, for a step can hold only one.
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
    """The decorator of the asset that is a Delta table."""
    return daily_asset(
        spec.name,
        io_manager_key="delta",
        metadata={"dagster/column_schema": column_schema(spec)},
        **more,
    )


def collection_asset(name: str, **more: Any) -> Decorator:
    """The decorator of the asset that is a versioned Mongo collection."""
    return daily_asset(
        name,
        io_manager_key="mongo",
        metadata={"dagster/column_schema": document_schema(name)},
        **more,
    )
