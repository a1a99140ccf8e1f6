"""The assembly of the graph. Dagster loads `defs`; everything else calls `build_defs(settings)`."""

import dagster as dg

from podrec_assets.defs.assets import (
    als_tuning,
    blend_experiment,
    content,
    dead_letters,
    kafka_topics,
    listening,
    recommendation_quality,
    recommendations,
    sources,
    withdrawals,
)
from podrec_assets.defs.assets.transcripts import transcripts_asset
from podrec_assets.defs.automation import AUTOMATION_SENSOR
from podrec_assets.defs.checks import (
    completeness,
    events,
    keys,
    lag,
    publication_gate,
    row_rules,
    schema_and_volume,
    transcripts,
    vectors,
)
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import MongoIOManager
from podrec_assets.defs.jobs import asset_jobs
from podrec_assets.defs.jobs.rebuild import rebuild_list
from podrec_assets.defs.jobs.rollback import rollback
from podrec_assets.defs.jobs.upkeep import upkeep, weekly_upkeep
from podrec_assets.defs.resources.lake import LakeStorage
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.defs.sensors.alerts import alerts
from podrec_assets.defs.sensors.due_sources import due_sources
from podrec_assets.defs.sensors.due_transcripts import transcripts_due
from podrec_assets.defs.sensors.late_events import late_events
from podrec_assets.defs.sensors.offsets import OFFSET_SENSORS
from podrec_assets.settings import Settings
from podrec_assets.visible_text import escape_log_records

ASSETS = [
    sources,
    content,
    listening,
    recommendations,
    recommendation_quality,
    blend_experiment,
    als_tuning,
    dead_letters,
    withdrawals,
]
CHECKS = [
    completeness,
    events,
    keys,
    lag,
    publication_gate,
    row_rules,
    schema_and_volume,
    transcripts,
    vectors,
]


def build_defs(settings: Settings, **overrides: object) -> dg.Definitions:
    """The whole graph for one set of settings.

    Args:
        settings: of this deployment.
        **overrides: resources by key that replace the default ones, for tests.
    """
    lake_storage = LakeStorage.from_settings(settings)
    connections = lake_storage.open(settings)
    resources = {
        "lake_storage": lake_storage,
        "connections": connections,
        "delta": DeltaIOManager(connections=connections),
        "mongo": MongoIOManager(connections=connections),
        "spark": SparkResource.from_settings(settings),
    }
    return dg.Definitions(
        assets=[
            *kafka_topics.TOPICS,
            transcripts_asset(settings),
            *dg.load_assets_from_modules(ASSETS),
        ],
        asset_checks=[check for module in CHECKS for check in module.CHECKS],
        jobs=[*asset_jobs.JOBS, rebuild_list, rollback, upkeep],
        schedules=[weekly_upkeep],
        sensors=[
            *OFFSET_SENSORS,
            due_sources,
            late_events,
            transcripts_due,
            AUTOMATION_SENSOR,
            alerts,
        ],
        resources=resources | overrides,
        # All steps of a run share one process and hence one JVM. Runs are what is parallel.
        executor=dg.in_process_executor,
    )


escape_log_records()
defs = build_defs(Settings.load())
