"""kill -9 in the middle of landing, on real processes: the tables end as if undisturbed.

The local engine is killed at many more points by `podrec_assets_tests/chaos`.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podrec_assets.services import process, supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.pipelines.listening.event_log import World, local_world, messy_log
from podrec_assets_tests.pipelines.listening.land_and_die import POINTS
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services
ENGINES = ("local", "spark")


def child(
    world: World, engine: str, point: str = "", victim: int | None = None
) -> subprocess.Popen:
    script = Path(__file__).with_name("land_and_die.py")
    arguments = [str(world.settings.home), world.kafka.bootstrap, world.topic, engine, point]
    return subprocess.Popen(
        [sys.executable, str(script), *arguments, *([str(victim)] if victim else [])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip


def finish(started: subprocess.Popen) -> tuple[int, str]:
    output, _ = started.communicate(timeout=180)
    return started.returncode, output


@pytest.fixture
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    found = local_world(settings, kafka_bootstrap, topic_of(request))
    found.produce(messy_log())
    return found


def undisturbed(world: World, folder: Path) -> World:
    """The same topic landed in peace into another lake."""
    found = local_world(
        world.settings.model_copy(update={"home": folder}), world.kafka.bootstrap, world.topic
    )
    found.land()
    return found


def assert_same(world: World, folder: Path) -> None:
    clean = undisturbed(world, folder)
    assert world.events() == clean.events()
    assert world.letters() == clean.letters()
    assert world.daily().equals(clean.daily())


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_spark_driver_leaves_no_trace(world: World, point: str, tmp_path: Path) -> None:
    code, output = finish(child(world, "spark", point))
    assert code == -9, output
    assert len(world.places()) < sum(world.kafka.end_offsets(world.topic).values())
    shutil.rmtree(world.settings.home / "checkpoints", ignore_errors=True)
    code, output = finish(child(world, "spark"))
    assert code == 0, output
    assert_same(world, tmp_path / "clean")


def test_two_landings_started_at_once_land_each_record_once(world: World, tmp_path: Path) -> None:
    started = [child(world, "local") for _ in range(2)]
    for code, output in map(finish, started):
        assert code == 0, output
    assert_same(world, tmp_path / "clean")


@pytest.fixture
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker that may be killed."""
    settings = Settings(home=tmp_path_factory.mktemp("broker"), mongo_uri="mongodb://127.0.0.1:1")
    supervisor.up(settings, print)
    yield settings
    supervisor.down(settings)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broker_killed_during_a_batch_is_survived(
    own_broker: Settings, engine: str, tmp_path: Path
) -> None:
    lake_home = own_broker.model_copy(update={"home": tmp_path / "lake"})
    world = local_world(lake_home, supervisor.address(own_broker, "kafka"), "events")
    world.produce(messy_log())
    broker = process.read_state(own_broker.home / "services" / "kafka.json")
    assert broker
    finish(child(world, engine, "between letters and rows", broker.pid))
    assert process.wait_for(lambda: not broker.is_alive(), 10)
    supervisor.up(own_broker, print)
    code, output = finish(child(world, engine))
    assert code == 0, output
    assert_same(world, tmp_path / "clean")
