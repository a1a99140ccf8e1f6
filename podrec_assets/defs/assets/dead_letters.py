"""Content group: every record that a stage could not use. The asset reports them by day."""

import dagster as dg

from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import follows_inputs
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.partitions import run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, SOURCES, TRANSCRIPTS, USER_EVENTS
from podrec_assets.stores.delta import replace_dead_letters


@table_asset(
    DEAD_LETTERS,
    group_name="content",
    kinds={"deltalake"},
    # A day without followed feeds has no partition of `sources`.
    automation_condition=follows_inputs(optional=dg.AssetSelection.assets(SOURCES.name)),
    deps=[SOURCES.name, EPISODES.name, TRANSCRIPTS.name, USER_EVENTS.name],
)
def dead_letters(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """One row is one record that a stage could not use, with its reason, origin and raw bytes.

    The day is the one on which the stage met the record. The metadata counts the rows by reason.

    - Write: the stages write their rows before they commit their own table, so that a crash repeats
      rows but never loses any. This asset only marks the day as complete.
    - Late data: a stage that runs again makes the day due again.
    - Fails when the lake cannot be written; never because of a record.
    """
    days = run_days(context)
    replace_dead_letters(connections.lake, DEAD_LETTERS.name, days, [])
    rows, metadata = written(context, connections.lake, DEAD_LETTERS, days)
    reasons = {r["values"]: r["counts"] for r in rows["reason"].value_counts().to_pylist()}
    return dg.MaterializeResult(metadata=metadata | {"rows_by_reason": reasons})
