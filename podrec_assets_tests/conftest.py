"""Shared fixtures: settings on a temporary home, and real embedded services for the session."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from podrec_assets.services import embedding_model, jars, supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.loopback import Answer, serving

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real data next to the checkout; tests that use it are skipped without it."""


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the developer's PODREC_ variables, except for the cache folder."""
    for name in list(os.environ):
        if name.startswith("PODREC_") and name != "PODREC_CACHE":
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Returns settings on an empty home without services."""
    return Settings(home=tmp_path / "home", engine="local")


@pytest.fixture(scope="session")
def service_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Returns settings of running embedded services, stopped at the end of the session."""
    running = Settings(home=tmp_path_factory.mktemp("services"), engine="local")
    jars.ensure_all(running, print)
    supervisor.up(running, print)
    try:
        yield running
    finally:
        supervisor.down(running)


@pytest.fixture(scope="session")
def minilm() -> Path:
    """Returns the folder of the default embedding model."""
    return embedding_model.ensure_model(Settings.load(), print)


@pytest.fixture(scope="session")
def kafka_bootstrap(service_settings: Settings) -> str:
    return supervisor.address(service_settings, "kafka")


@pytest.fixture(scope="session")
def mongo_uri(service_settings: Settings) -> str:
    return supervisor.address(service_settings, "mongo")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """Returns a Spark session with two threads, for pure functions that Spark also runs."""
    from podrec_assets.services import java
    from podrec_assets.stores.spark.session import get_session

    settings = Settings(home=tmp_path_factory.mktemp("spark"), spark_master="local[2]")
    session = get_session(
        settings, java.java_home(settings), jars.ensure_jars(settings, "spark"), "tests"
    )
    yield session
    session.stop()


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, Answer]]]:
    """Returns host:port of a loopback web server, and its answers by path for tests to fill in."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("there is no folder shared/data next to this checkout")
    return SHARED_DATA
