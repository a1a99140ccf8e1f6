"""Child processes: identified by pid and start time, and always stopped."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podrec_assets.errors import ServiceError
from podrec_assets.services import process, supervisor
from podrec_assets.services.process import Running
from podrec_assets.settings import Settings

SLEEPER = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
IGNORES_SIGTERM = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Running]:
    running = process.start(
        SLEEPER, tmp_path / "logs" / "sleeper.log", tmp_path / "state" / "sleeper.json", {"http": 1}
    )
    yield running
    process.stop(running)


def test_a_started_process_is_alive_and_has_a_state_file(started: Running, tmp_path: Path) -> None:
    assert started.is_alive()
    assert process.read_state(tmp_path / "state" / "sleeper.json") == started
    assert process.wait_for(
        lambda: process.last_lines(tmp_path / "logs" / "sleeper.log") == "ready", 10
    )


def test_a_stopped_process_is_not_alive(started: Running) -> None:
    process.stop(started)
    assert not started.is_alive()


def test_a_killed_process_is_not_alive_although_its_state_file_says_so(
    started: Running, tmp_path: Path
) -> None:
    os.kill(started.pid, signal.SIGKILL)
    assert process.wait_for(lambda: not started.is_alive(), 10)
    assert process.read_state(tmp_path / "state" / "sleeper.json") == started


ODD_STATES = {
    "empty": b"",
    "binary": bytes(range(256)),
    "half": b'{"pid": 12',
    "no object": b"[1, 2]",
    "null": b"null",
    "deep": b"[" * 9000,
    "no fields": b"{}",
    "more fields": b'{"pid": 12, "began": "1", "ports": {"kafka": 1}, "x": 1, "began2": []}',
    "pid 0": b'{"pid": 0, "began": "1", "ports": {"kafka": 1}}',
    "pid -1": b'{"pid": -1, "began": "", "ports": {"kafka": 1}}',
    "pid as text": b'{"pid": "12", "began": "1", "ports": {"kafka": 1}}',
    "pid as boolean": b'{"pid": true, "began": "1", "ports": {"kafka": 1}}',
    "pid as float": b'{"pid": 12.5, "began": "1", "ports": {"kafka": 1}}',
    "huge pid": b'{"pid": 99999999999999999999, "began": "1", "ports": {"kafka": 1}}',
    "gone pid that never began": b'{"pid": 2147483646, "began": "", "ports": {"kafka": 1}}',
    "began as number": b'{"pid": 12, "began": 1, "ports": {"kafka": 1}}',
    "no ports": b'{"pid": 12, "began": "1", "ports": null}',
    "ports as list": b'{"pid": 12, "began": "1", "ports": [1]}',
    "port as text": b'{"pid": 12, "began": "1", "ports": {"kafka": "x"}}',
    "huge port": b'{"pid": 12, "began": "1", "ports": {"kafka": 65536}}',
    "another's port": b'{"pid": 12, "began": "1", "ports": {"mongo": 1}}',
    "huge": b'{"pid": 12, "began": "1", "ports": {"kafka": 1}}' + b" " * 20_000,
}


@pytest.mark.parametrize("odd", ODD_STATES)
def test_an_odd_state_file_is_no_living_process(odd: str, settings: Settings) -> None:
    file = settings.home / "services" / "kafka.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(ODD_STATES[odd])
    assert not supervisor.status(settings)["kafka"]["up"]
    supervisor.down(settings)
    with supervisor.stopped(settings), pytest.raises(ServiceError, match="`podrec up`"):
        supervisor.address(settings, "kafka")


@pytest.mark.parametrize("odd", ["folder", "pipe", "link to nothing", "our pid"])
def test_an_odd_file_is_no_living_process(odd: str, settings: Settings) -> None:
    file = settings.home / "services" / "kafka.json"
    file.parent.mkdir(parents=True)
    if odd == "folder":
        file.mkdir()
    elif odd == "pipe":
        os.mkfifo(file)
    elif odd == "our pid":
        process.write_state(file, Running(os.getpid(), "12345", {"kafka": 9092}))
    else:
        file.symlink_to(file.with_name("absent"))
    assert not supervisor.status(settings)["kafka"]["up"]
    supervisor.down(settings)


def test_another_process_with_the_same_pid_is_not_mistaken_for_ours() -> None:
    other = Running(os.getpid(), "an older start", {})
    assert not other.is_alive()
    process.stop(other)


def test_a_process_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_WAIT_S", 0.5)
    log = tmp_path / "child.log"
    running = process.start(IGNORES_SIGTERM, log, tmp_path / "child.json", {})
    assert process.wait_for(lambda: process.last_lines(log) == "ready", 10)
    process.stop(running)
    assert not running.is_alive()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pid": 1}'], ids=["empty", "cut", "list", "fields missing"]
)
def test_a_damaged_state_file_gives_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert process.read_state(tmp_path / "state.json") is None
    assert process.read_state(tmp_path / "absent.json") is None
