"""The job that puts small files of the lake together and removes old ones, and its week, for people
who live in the UI.
"""

import dagster as dg
from pydantic import Field

from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import named_versions
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta import maintenance


class UpkeepConfig(dg.Config):
    """What is done to every table."""

    optimize: bool = Field(True, description="Put the small files of each day together.")
    vacuum: bool = Field(
        True,
        description="Remove files that nothing younger than PODREC_VACUUM_HOURS and no kept list needs.",
    )


@dg.op(
    description="Puts small files of every table together, removes old ones, and shows on each table how many."
)
def tend_tables(
    context: dg.OpExecutionContext, config: UpkeepConfig, connections: dg.ResourceParam[Connections]
) -> None:
    lake, hours = connections.lake, connections.settings.vacuum_hours
    named = named_versions(connections.mongo) if config.vacuum else {}
    for name in TABLES:
        metadata: dict[str, int] = {}
        if config.optimize:
            found = maintenance.optimize(lake, name)
            metadata |= {"files_before": found.before, "files_after": found.after}
        if config.vacuum:
            removed = maintenance.vacuum(lake, name, hours, named.get(name, ()))
            metadata["removed_file_count"] = len(removed)
        context.log_event(dg.AssetObservation(name, metadata=metadata))


@dg.job(
    description="Puts the lake's small files together and removes those that no reader and no kept list can need any more."
)
def upkeep() -> None:
    tend_tables()


weekly_upkeep = dg.ScheduleDefinition(
    name="weekly_upkeep",
    job=upkeep,
    cron_schedule="30 5 * * 0",
    execution_timezone="UTC",
    description="Sundays at 05:30 UTC, after the nightly models. Off until somebody turns it on.",
)
