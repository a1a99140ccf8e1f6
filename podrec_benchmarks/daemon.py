"""A real Dagster daemon in its own session, which can be killed and whose memory is measured."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from podrec_assets.defs.instance import TOP, instance_environment
from podrec_assets.settings import Settings

SAMPLE_S = 0.5


class Daemon:
    """The daemon with its code server and runs, in one session of processes.

    Attributes:
        peak_mb: peak resident memory so far, summed over the session's processes.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.peak_mb = settings, 0.0
        # The stores of these settings, never those of the user's environment.
        stores = {
            "PODREC_LAKE": settings.lake,
            "PODREC_MONGO_URI": settings.mongo_uri.get_secret_value(),
            "PODREC_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "PODREC_ENGINE": settings.engine,
        }
        self.environment = os.environ | instance_environment(settings) | stores
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Starts it; its output goes to daemon.log under the home."""
        command = [sys.executable, "-m", "dagster._daemon", "run", "-w", "workspace.yaml"]
        with (self.settings.home / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=TOP,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=self._watch, args=(self.process.pid,), daemon=True).start()

    def kill(self) -> None:
        """Ends every process of the session at once, as a power cut does."""
        assert self.process is not None
        for pid in session(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _watch(self, leader: int) -> None:
        while pids := session(leader):
            self.peak_mb = max(self.peak_mb, sum(map(resident_mb, pids)))
            time.sleep(SAMPLE_S)


@contextmanager
def running(settings: Settings) -> Iterator[Daemon]:
    """Starts a daemon, and kills it at the end."""
    daemon = Daemon(settings)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()


def session(leader: int) -> list[int]:
    """Returns the running processes of a session."""
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                # After the name, which may contain spaces: state, ppid, pgrp, session.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] != "Z":
                    pids.append(int(folder.name))
    return pids


def resident_mb(pid: int) -> float:
    """Returns the resident memory of a process in MB; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
