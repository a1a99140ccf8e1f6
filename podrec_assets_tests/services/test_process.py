"""Child processes: identified by pid and start time, and always stopped."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podrec_assets.services import process
from podrec_assets.services.process import Running

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
