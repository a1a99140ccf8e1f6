"""The job that optimizes and vacuums the lake, and its weekly schedule."""

import dagster as dg
from pydantic import Field

from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import versions_in_manifests
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta import maintenance


class UpkeepConfig(dg.Config):
    """What to do with every table."""

    optimize: bool = Field(True, description="Compact the small files of each day.")
    vacuum: bool = Field(
        True,
        description="Remove files that no version newer than PODREC_VACUUM_HOURS and no kept list "
        "needs.",
    )


@dg.op(description="Compacts every table, removes its old files, and reports the number of files.")
def maintain_tables(
    context: dg.OpExecutionContext, config: UpkeepConfig, connections: dg.ResourceParam[Connections]
) -> None:
    lake, hours = connections.lake, connections.settings.vacuum_hours
    named = versions_in_manifests(connections.mongo) if config.vacuum else {}
    for name in TABLES:
        metadata: dict[str, int] = {}
        if config.optimize:
            files = maintenance.optimize(lake, name)
            metadata |= {"files_before": files.before, "files_after": files.after}
        if config.vacuum:
            removed = maintenance.vacuum(lake, name, hours, named.get(name, ()))
            metadata["removed_file_count"] = len(removed)
        context.log_event(dg.AssetObservation(name, metadata=metadata))


@dg.job(
    description="Compacts the lake's small files, and removes files that no reader and no kept "
    "list can still need."
)
def upkeep() -> None:
    maintain_tables()


weekly_upkeep = dg.ScheduleDefinition(
    name="weekly_upkeep",
    job=upkeep,
    cron_schedule="30 5 * * 0",
    execution_timezone="UTC",
    description="Sundays at 05:30 UTC, after the nightly models. Off until you turn it on.",
)
