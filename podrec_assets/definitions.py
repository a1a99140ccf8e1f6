"""The only assembly of the graph: `build_defs(settings, **overrides)`; Dagster loads `defs`."""

import dagster as dg

from podrec_assets.assets import content, dead_letters, experiments, listening, quality, recommendations, sources, tuning
from podrec_assets.assets.topics import TOPICS
from podrec_assets.assets.transcripts import transcripts_asset
from podrec_assets.automation import AUTOMATION_SENSOR
from podrec_assets.checks.events import episodes_are_known, log_is_replayable, offsets_add_up
from podrec_assets.checks.lag import LAG_CHECKS
from podrec_assets.checks.lists import gate
from podrec_assets.checks.presence import PRESENCE_CHECKS
from podrec_assets.checks.rules import RULES_CHECKS
from podrec_assets.checks.shape import SHAPE_CHECKS
from podrec_assets.checks.tables import KEY_CHECKS
from podrec_assets.checks.transcripts import one_asr_engine
from podrec_assets.checks.vectors import every_token_is_encoded
from podrec_assets.io_managers.delta import DeltaIOManager
from podrec_assets.io_managers.mongo import MongoIOManager
from podrec_assets.jobs import JOBS, SCHEDULES
from podrec_assets.resources.connections import Connections
from podrec_assets.resources.lake import storage_options
from podrec_assets.resources.spark import SparkResource
from podrec_assets.sensors.alerts import alerts
from podrec_assets.sensors.late import late_events
from podrec_assets.sensors.offsets import SENSORS
from podrec_assets.sensors.sources import due_sources
from podrec_assets.sensors.transcripts import transcripts_due
from podrec_assets.settings import Settings

ASSETS = (sources, content, listening, recommendations, quality, experiments, tuning, dead_letters)


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
