"""A planted lake with its own database on the session's Mongo server."""

import uuid
from datetime import date, timedelta

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets_tests.serving.planted import plant
from podrec_assets_tests.steady_clock import steady_today


@pytest.fixture(scope="module")
def today() -> date:
    return steady_today()


@pytest.fixture(scope="module")
def yesterday(today: date) -> date:
    return today - timedelta(days=1)


@pytest.fixture(scope="module")
def lists_world(
    tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, today: date
) -> Connections:
    """Returns the planted lake before any run; a module's tests share it, in their order."""
    settings = Settings(
        home=tmp_path_factory.mktemp("planted"),
        engine="local",
        mongo_uri=mongo_uri,  # type: ignore[arg-type]
        mongo_database=f"planted_{uuid.uuid4().hex[:8]}",
        kafka_bootstrap="127.0.0.1:1",
        per_show_cap=10,
    )
    connections = Connections(settings, {})
    plant(connections, today)
    return connections
