"""The embedded services together, as real processes: up, status, kill -9, up again, down."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from podrec_assets.errors import ServiceError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.operations.backup import back_up
from podrec_assets.pipelines.operations.restore import restore
from podrec_assets.schemas import LISTS
from podrec_assets.services import jars, process, supervisor
from podrec_assets.services.ports import LOOPBACK, is_taken
from podrec_assets.serving.feedback import send_event
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import KafkaStore, Message
from podrec_assets.stores.mongo import MongoStore, publishing
from podrec_assets_tests.pipelines.listening.event_log import TODAY, World, local_world, messy_log
from podrec_assets_tests.stores.version_sets import PASSED, write_version_set

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("supervised"), engine="local")
    jars.ensure_all(settings, print)
    supervisor.up(settings, print)
    yield settings
    supervisor.down(settings)


def test_status_reports_which_services_are_up_and_where(home: Settings) -> None:
    status = supervisor.status(home)
    assert {n: (s["up"], s["embedded"]) for n, s in status.items()} == dict.fromkeys(
        ("kafka", "mongo", "samples"), (True, True)
    )
    assert status["mongo"]["address"].startswith("mongodb://127.0.0.1:")


def test_up_again_starts_nothing(home: Settings) -> None:
    said: list[str] = []
    supervisor.up(home, said.append)
    assert said == []


def kill_9(home: Settings, name: str) -> None:
    running = process.read_state(Path(home.home) / "services" / f"{name}.json")
    assert running
    os.kill(running.pid, signal.SIGKILL)
    assert process.wait_for(lambda: not running.is_alive(), 10)


def test_data_survive_kill_9_of_both_servers(home: Settings) -> None:
    kafka, mongo = (
        KafkaStore(supervisor.address(home, "kafka")),
        MongoStore(supervisor.address(home, "mongo"), "kept"),
    )
    kafka.ensure_topic("kept", 1)
    kafka.produce("kept", [Message(b"k", b"v")])
    version = mongo.write_version(
        "als_top_n", home.start_day, "run", [{"user_id": "u", "items": []}]
    )
    before = supervisor.status(home)
    for name in ("kafka", "mongo"):
        kill_9(home, name)
    assert not supervisor.status(home)["kafka"]["up"]
    with pytest.raises(
        ServiceError, match="embedded kafka is not running: start it with `podrec up`"
    ):
        supervisor.address(home, "kafka")
    supervisor.up(home, print)
    assert supervisor.status(home) == before
    assert [r.value for batch in kafka.read("kept", {0: (0, 1)}) for r in batch] == [b"v"]
    again = MongoStore(supervisor.address(home, "mongo"), "kept")
    assert again.documents("als_top_n", version.version) == [{"user_id": "u", "items": []}]


def test_open_connections_find_a_service_that_had_to_change_its_port(home: Settings) -> None:
    """The dashboard keeps one `Connections` for its lifetime, and so does the code location."""
    kept, said = Connections(home.model_copy(update={"events_topic": "moved"}), {}), list[str]()
    kept.kafka.ensure_topic("moved", 1)
    send_event(kept, "ann", "e1", "like")
    kept.mongo.ping()
    with ExitStack() as held:
        for name in ("kafka", "mongo"):
            running = process.read_state(Path(home.home) / "services" / f"{name}.json")
            assert running
            process.stop(running)
            port = running.ports[name]
            # Threads of the JVM may hold it a moment longer than the process seems to live.
            assert process.wait_for(lambda port=port: not is_taken(port), 20)  # type: ignore[misc]
            other = held.enter_context(socket.socket())
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((LOOPBACK, port))
            other.listen()
        supervisor.up(home, said.append)
        moved = [line.partition(":")[0] for line in said if "is in use" in line]
        assert moved == ["kafka", "mongo"]
        send_event(kept, "ann", "e2", "like")
        assert kept.kafka.end_offsets("moved") == {0: 2}
        kept.mongo.ping()


def test_external_services_are_not_started_and_their_password_is_not_shown(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, kafka_bootstrap="broker:9092", mongo_uri="mongodb://me:secret@db:27017"
    )
    status = supervisor.status(settings)
    assert status["kafka"] == {"up": True, "address": "broker:9092", "embedded": False}
    assert status["mongo"] == {"up": True, "address": "mongodb://db:27017", "embedded": False}
    assert supervisor.address(settings, "mongo") == "mongodb://me:secret@db:27017"


def test_after_backup_wipe_and_restore_elsewhere_lists_are_served_and_offsets_continue(
    home: Settings, tmp_path: Path
) -> None:
    """The last test that uses `home`: it deletes it."""
    log, world = messy_log(), event_world(home)
    world.produce(log[:150])
    world.land()
    mongo = Connections(home, {}).mongo
    write_version_set(mongo, TODAY, "run", PASSED)
    pointer = publishing.publish(mongo, TODAY, publishing.publishable(mongo, TODAY), None)
    events, letters = world.events(), world.letters()
    with pytest.raises(
        ServiceError, match="kafka, mongo, samples are running: stop them with `podrec down` first"
    ):
        back_up(home, world.lake, tmp_path / "copy", print)
    supervisor.down(home)
    back_up(home, world.lake, tmp_path / "copy", print)
    shutil.rmtree(home.home)

    again = Settings(home=tmp_path / "again", engine="local")
    restore(again, tmp_path / "copy", print)
    try:
        supervisor.up(again, print)
        store = Connections(again, {}).mongo
        assert store.publication() == pointer
        assert [d["user_id"] for d in store.documents(LISTS, pointer.versions[LISTS])] == [
            "",
            "ann",
            "bob",
        ]
        world = event_world(again)
        assert (world.events(), world.letters()) == (events, letters)
        world.produce(log[150:])
        world.land()
        ends = world.kafka.end_offsets(world.topic)
        assert sum(ends.values()) == len(log)
        assert world.places() == sorted((p, o) for p, end in ends.items() for o in range(end))
    finally:
        supervisor.down(again)


def event_world(settings: Settings) -> World:
    return local_world(settings, supervisor.address(settings, "kafka"), "user-events")
