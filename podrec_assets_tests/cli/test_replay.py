"""`podrec replay` shows what it affects before it runs; `podrec stream` lands until stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import typer
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.cli.replay import parse_offsets
from podrec_assets.defs.instance import instance_environment, open_instance
from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.replay_plan import plan_replay
from podrec_assets.pipelines.listening.stream_lock import is_streaming, stream_lock
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.pipelines.listening.event_log import World, at, event, local_world, stamp
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services

MAIN = "from podrec_assets.cli.main import main; main()"


@pytest.fixture
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    return local_world(settings, kafka_bootstrap, topic_of(request), partitions=1)


@pytest.fixture
def landed(world: World) -> Connections:
    """Three days of two events each: one is malformed, one belongs to an earlier day."""
    world.produce([event(0, at(3)), event(1, at(3)), event(2, at(2)), event(3, at(2), at(8))])
    world.produce([event(4, at(1)), Message(None, b"nonsense", stamp(at(1)))])
    world.land()
    return Connections(world.settings, {})


def day(days_ago: int) -> str:
    return str(at(days_ago).date())


def test_a_plan_by_days_has_offsets_rows_letters_and_downstream_days(landed: Connections) -> None:
    days = [at(2).date(), at(1).date()]
    assert plan_replay(landed.lake, landed.settings, landed.settings.events_topic, days) == {
        "topic": landed.settings.events_topic,
        "table": "user_events",
        "days": [day(2), day(1)],
        "offsets": {"0": [2, 6]},
        "row_count": 3,
        "dead_letter_count": 1,
        "downstream_days": [day(8), day(2), day(1)],
    }


def test_offsets_select_the_whole_days_that_contain_them(landed: Connections) -> None:
    topic = landed.settings.events_topic
    assert plan_replay(landed.lake, landed.settings, topic, begin={0: 1}, end={0: 3})["days"] == [
        day(3),
        day(2),
    ]
    assert plan_replay(landed.lake, landed.settings, topic, begin={0: 5})["days"] == [day(1)]
    with pytest.raises(PermanentError, match="Nothing is landed there"):
        plan_replay(landed.lake, landed.settings, topic, begin={0: 6}, end={0: 9})
    with pytest.raises(UnknownIdError, match="unknown topic 'other'; known: "):
        plan_replay(landed.lake, landed.settings, "other", [at(1).date()])


@pytest.mark.parametrize("options", [(), ("--days", "2026-11-01", "--from-offsets", "0:1")])
def test_a_replay_is_either_of_days_or_of_offsets(options: tuple[str, ...]) -> None:
    refused = CliRunner().invoke(app, ["replay", *options])
    assert refused.exit_code == 2
    assert "Give either --days, or" in refused.output


def test_offsets_are_partition_and_number() -> None:
    assert parse_offsets("0:10,3:5") == {0: 10, 3: 5}
    assert parse_offsets("") == {}
    with pytest.raises(typer.BadParameter, match="'0-10' is not PARTITION:OFFSET"):
        parse_offsets("0-10")


@pytest.mark.usefixtures("landed")
def test_a_replay_leaves_the_same_rows(world: World) -> None:
    before = world.events()
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "replay", "--topic", world.topic, "--days", day(2), "--json"],
        capture_output=True, text=True, env=environment(world), check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (document["days"], document["run"]["success"]) == ([day(2)], True)
    assert world.events() == before


def test_a_stream_lands_events_reports_them_to_dagster_and_stops_on_sigterm(
    world: World, tmp_path: Path
) -> None:
    log = tmp_path / "stream.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "stream", "--every", "0.2"],
            stdout=output, stderr=output, env=environment(world),
        )  # fmt: skip
    try:
        wait_for(lambda: "0 records landed" in log.read_text(), log)
        assert is_streaming(world.lake)
        world.produce([event(n, at(1)) for n in range(5)])
        wait_for(lambda: len(world.events()) == 5, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    assert "5 records landed" in log.read_text()
    assert "lag 0" in log.read_text()
    assert "stopped; all events that were read have landed" in log.read_text()
    assert not is_streaming(world.lake)
    with open_instance(world.settings) as instance:
        records = instance.fetch_materializations(dg.AssetKey("user_events"), limit=5).records
    assert [r.partition_key for r in records] == [day(1)]


def test_two_streams_do_not_land_into_one_lake(world: World) -> None:
    with stream_lock(world.lake):
        done = subprocess.run(
            [sys.executable, "-c", MAIN, "stream"],
            capture_output=True, text=True, env=environment(world), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Another `podrec stream` is landing into this lake" in done.stderr


def environment(world: World) -> dict[str, str]:
    variables = {
        "PODREC_HOME": str(world.settings.home),
        "PODREC_ENGINE": "local",
        "PODREC_KAFKA_BOOTSTRAP": world.kafka.bootstrap,
        "PODREC_EVENTS_TOPIC": world.topic,
    }
    return os.environ | instance_environment(world.settings) | variables


def wait_for(condition: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
