"""A detached child process, identified later by pid and start time, and stopped by signal."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from podrec_assets.errors import ServiceError

STOP_WAIT_S = 20.0
MAX_STATE_BYTES = 10_000


@dataclass(frozen=True)
class Running:
    """A started process, as recorded in its state file.

    Attributes:
        pid: process id.
        began: start time; tells the process from a later one with the same pid.
        ports: port by name.
    """

    # A signal to a pid below 1 would reach whole groups of processes.
    pid: Annotated[int, Field(gt=1, lt=2**31)]
    began: Annotated[str, Field(min_length=1)]
    ports: dict[str, Annotated[int, Field(gt=0, lt=65_536)]]

    def is_alive(self) -> bool:
        """Returns whether exactly this process still runs."""
        return _began(self.pid) == self.began


def read_state(file: Path) -> Running | None:
    """Returns the process of a state file, running or not; None if there is no valid file."""
    try:
        if not file.is_file() or file.stat().st_size > MAX_STATE_BYTES:
            return None
        return _STATE.validate_json(file.read_bytes(), strict=True)
    except (OSError, ValueError):
        return None


_STATE = TypeAdapter(Running)


def start(
    command: list[str],
    log: Path,
    state: Path,
    ports: dict[str, int],
    environment: dict[str, str] | None = None,
) -> Running:
    """Starts a detached process with its output in a log file, and writes its state file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    state.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | (environment or {}),
        )
    running = Running(child.pid, _began(child.pid), ports)
    write_state(state, running)
    return running


def start_and_wait(
    what: str,
    command: list[str],
    log: Path,
    state: Path,
    ports: dict[str, int],
    is_ready: Callable[[], bool],
    seconds: float,
) -> Running:
    """Starts a detached process and waits until it is ready.

    Raises:
        ServiceError: it exited, or was not ready in time; quotes the end of its log.
    """
    running = start(command, log, state, ports)
    wait_for(lambda: not running.is_alive() or is_ready(), seconds)
    if not running.is_alive() or not is_ready():
        stop(running)
        raise ServiceError(f"{what} did not start; the end of {log}: {last_lines(log)}")
    return running


def port_of(earlier: Running | None, name: str) -> int | None:
    """Returns the named port of the process before this one; None if there was none."""
    return earlier.ports.get(name) if earlier else None


def write_state(file: Path, running: Running) -> None:
    """Writes a state file atomically."""
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(running)))
    draft.replace(file)


def stop(running: Running) -> None:
    """Ends the process: SIGTERM, then SIGKILL if it does not exit in time."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not running.is_alive():
            return
        os.kill(running.pid, number)
        if wait_for(lambda: not running.is_alive(), STOP_WAIT_S):
            return


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Returns whether the condition became true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def last_lines(log: Path, count: int = 3) -> str:
    """Returns the end of a log, for an error message."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-count:])
    except OSError:
        return ""


def _began(pid: int) -> str:
    """Returns the start time of a running process; empty if it is gone or a zombie."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        if fields[0] == "Z":
            _reap(pid)
            return ""
        return fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if not shown or shown.split()[-1].startswith("Z") else shown.rpartition(" ")[0]


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # raised if another process started it
        os.waitpid(pid, os.WNOHANG)
