"""The job that publishes the lists of another day, to roll back in the UI."""

from datetime import date

import dagster as dg
from pydantic import Field

from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving.rollback import publish_day
from podrec_assets.stores.mongo import Publication


class RollbackConfig(dg.Config):
    """What to publish."""

    day: str = Field(description="Day whose lists to publish, e.g. 2026-11-01.")
    force: bool = Field(
        False, description="Publish even if a comparison with the served lists refused them."
    )


@dg.op(
    description="Moves the publication pointer to the day's newest lists that passed the gate.",
    pool="write_publication",
)
def serve_day(
    context: dg.OpExecutionContext,
    config: RollbackConfig,
    connections: dg.ResourceParam[Connections],
) -> None:
    context.log_event(
        materialization(publish_day(connections, date.fromisoformat(config.day), config.force))
    )


@dg.job(
    description="Publishes the lists of an earlier day, or of a later one again. The nightly run "
    "still publishes newer days."
)
def rollback() -> None:
    serve_day()


def materialization(published: Publication) -> dg.AssetMaterialization:
    """What the UI shows of the move, on the day that is served now."""
    return dg.AssetMaterialization(
        "publication",
        partition=published.day.isoformat(),
        metadata={
            "served_day": published.day.isoformat(),
            "versions": published.versions,
            "move_count": published.v,
        },
    )
