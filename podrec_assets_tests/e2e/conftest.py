"""The small worlds that end-to-end tests share."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.e2e.small_world import build_world
from podrec_assets_tests.steady_clock import steady_today


@pytest.fixture(scope="session")
def today() -> date:
    return steady_today()


@pytest.fixture(scope="session", params=["local", "spark"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, today: date
) -> Iterator[Connections]:
    """The small world on each engine."""
    yield from built(tmp_path_factory.mktemp(request.param), request.param, today)


@pytest.fixture(scope="session")
def served_world(tmp_path_factory: pytest.TempPathFactory, today: date) -> Iterator[Connections]:
    """Returns a separate small world for tests that send events, which would change the other's."""
    yield from built(tmp_path_factory.mktemp("served"), "local", today)


def built(home: Path, engine: str, today: date) -> Iterator[Connections]:
    try:
        yield build_world(home, engine, today)
    finally:
        supervisor.down(Settings(home=home))
