"""A topic and a lake, on each engine."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.spark_reader import SparkReader
from podrec_assets.settings import Settings
from podrec_assets_tests.pipelines.listening.event_log import TODAY, World, local_world
from podrec_assets_tests.topics import topic_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(params=["local", "spark"])
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    """Returns a world whose landing runs on one of the engines."""
    found = local_world(settings, kafka_bootstrap, topic_of(request))
    if request.param == "local":
        return found
    session: SparkSession = request.getfixturevalue("spark")
    reader = SparkReader(lambda: session, found.lake, kafka_bootstrap, found.settings)
    return replace(
        found, landing=lambda: EventLanding(found.lake, found.kafka, found.settings, TODAY, reader)
    )
