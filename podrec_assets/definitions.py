"""The only assembly of the graph: `build_defs(settings, **overrides)`; Dagster loads `defs`."""

import dagster as dg

from podrec_assets.defs.assets import (
    als_tuning,
    blend_experiment,
    content,
    dead_letters,
    listening,
    recommendation_quality,
    recommendations,
    sources,
)
from podrec_assets.defs.assets.kafka_topics import TOPICS
from podrec_assets.defs.assets.transcripts import transcripts_asset
from podrec_assets.defs.automation import AUTOMATION_SENSOR
from podrec_assets.defs.checks.completeness import PRESENCE_CHECKS
from podrec_assets.defs.checks.events import episodes_are_known, log_is_replayable, offsets_add_up
from podrec_assets.defs.checks.keys import KEY_CHECKS
from podrec_assets.defs.checks.lag import LAG_CHECKS
from podrec_assets.defs.checks.publication_gate import gate
from podrec_assets.defs.checks.row_rules import RULES_CHECKS
from podrec_assets.defs.checks.schema_and_volume import SHAPE_CHECKS
from podrec_assets.defs.checks.transcripts import one_asr_engine
from podrec_assets.defs.checks.vectors import every_token_is_encoded
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import MongoIOManager
from podrec_assets.defs.jobs import JOBS, SCHEDULES
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.defs.sensors.alerts import alerts
from podrec_assets.defs.sensors.due_sources import due_sources
from podrec_assets.defs.sensors.due_transcripts import transcripts_due
from podrec_assets.defs.sensors.late_events import late_events
from podrec_assets.defs.sensors.offsets import SENSORS
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.storage_options import storage_options
from podrec_assets.settings import Settings

ASSETS = (
    sources,
    content,
    listening,
    recommendations,
    recommendation_quality,
    blend_experiment,
    als_tuning,
    dead_letters,
)


def build_defs(settings: Settings, **overrides: object) -> dg.Definitions:
    """The whole graph on one set of settings.

    Args:
        settings: of this deployment.
        **overrides: resources by key to put in place of the default ones, for tests.
    """
    connections = Connections(settings, storage_options(settings.lake_root))
    resources = {
        "connections": connections,
        "delta": DeltaIOManager(connections=connections),
        "mongo": MongoIOManager(connections=connections),
        "spark": SparkResource.from_settings(settings),
    }
    return dg.Definitions(
        assets=[
            *TOPICS,
            transcripts_asset(settings),
            *dg.load_assets_from_modules(ASSETS),
        ],
        asset_checks=[
            *KEY_CHECKS,
            one_asr_engine,
            *RULES_CHECKS,
            *SHAPE_CHECKS,
            *LAG_CHECKS,
            *PRESENCE_CHECKS,
            offsets_add_up,
            log_is_replayable,
            episodes_are_known,
            gate,
            every_token_is_encoded,
        ],
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=[*SENSORS, due_sources, late_events, transcripts_due, AUTOMATION_SENSOR, alerts],
        resources=resources | overrides,
        # One process for all steps of a run, hence one JVM; parallelism is by runs.
        executor=dg.in_process_executor,
    )


defs = build_defs(Settings.load())
