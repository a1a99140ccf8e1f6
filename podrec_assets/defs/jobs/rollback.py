"""The job that serves another day's lists, for people who roll back in the UI."""

from datetime import date

import dagster as dg
from pydantic import Field

from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving.rollback import publish_day
from podrec_assets.stores.mongo import Publication


class RollbackConfig(dg.Config):
    """What is to be served."""

    day: str = Field(description="Day whose lists are to be served, e.g. 2026-11-01.")
    force: bool = Field(
        False, description="Although a comparison with the served lists refused them."
    )


@dg.op(
    description="Moves the pointer to the newest lists of a day that the gate let pass.",
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
    description="Serves another day's lists: back, or forward again. The nightly run goes on with newer days."
)
def rollback() -> None:
    serve_day()


def materialization(moved: Publication) -> dg.AssetMaterialization:
    """The pointer's move as the UI shows it, on the day that is served now."""
    return dg.AssetMaterialization(
        "publication",
        partition=moved.day.isoformat(),
        metadata={
            "served_day": moved.day.isoformat(),
            "versions": moved.versions,
            "move_count": moved.v,
        },
    )
