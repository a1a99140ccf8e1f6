"""Everything that could not be used, in one table: each stage writes its own rows, this asset
reports the day.
"""

import dagster as dg

from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import follows_inputs
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.partitions import run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import DEAD_LETTERS


@table_asset(
    DEAD_LETTERS,
    group_name="content",
    kinds={"deltalake"},
    # A day on which no feed was followed has no `sources`.
    automation_condition=follows_inputs(optional=dg.AssetSelection.assets("sources")),
    deps=["sources", "episodes", "transcripts", "user_events"],
)
def dead_letters(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """One row is one unusable record of any stage, on the day it was met, with its reason, place
    and raw bytes.

    The stages write their rows themselves, before their own table's commit, so that a crash repeats
    and never loses. This asset marks the day as complete and reports it by reason.
    """
    days = run_days(context)
    connections.lake.replace_dead_letters("dead_letters", days, [])
    rows, metadata = written(context, connections.lake, DEAD_LETTERS, days)
    reasons = {r["values"]: r["counts"] for r in rows["reason"].value_counts().to_pylist()}
    return dg.MaterializeResult(metadata=metadata | {"rows_by_reason": reasons})
