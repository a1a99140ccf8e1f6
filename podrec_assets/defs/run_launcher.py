"""Launches runs as Dagster does on one machine, and notices when a run's process is gone.

Dagster's own launcher cannot tell. After a power cut or a killed daemon its runs stay "started" for
six hours and hold their pool slots, and the backfill that waits for them stands still. The image of
the webserver and the daemon has this module and `dagster_internals` but no other part of podrec.
"""

import os
import platform

from dagster import DagsterInstance, DagsterRun, DefaultRunLauncher, RunsFilter

from podrec_assets.defs import dagster_internals as internals
from podrec_assets.defs.dagster_internals import CheckRunHealthResult, WorkerStatus

PROCESS = "podrec/process"
"""Tag of a run that a command executes itself: machine:process id."""
GONE = "the command's process is gone"


def this_process() -> str:
    """The value of PROCESS for a run of this process."""
    return f"{platform.node()}:{os.getpid()}"


def fail_runs_of_killed_commands(instance: DagsterInstance) -> list[str]:
    """Fails the runs whose command was killed on this machine, and returns their ids.

    The daemon's run monitoring does the same. Without a daemon, the next command would wait for
    their pool slots forever.
    """
    records = instance.get_run_records(RunsFilter(statuses=internals.RUNS_IN_PROGRESS))
    gone = [record.dagster_run for record in records if is_gone(record.dagster_run)]
    for run in gone:
        internals.fail_run(instance, run, GONE)
    return [run.run_id for run in gone]


def is_gone(run: DagsterRun) -> bool:
    """Whether a command on this machine executed the run and its process no longer exists."""
    machine, _, pid = run.tags.get(PROCESS, "").rpartition(":")
    return machine == platform.node() and not is_alive(int(pid))


class WatchedRunLauncher(DefaultRunLauncher):
    """Tells run monitoring whether a started run still has a process, in a server or a command."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while a process executes the run; FAILED once none can."""
        if PROCESS in run.tags:
            if is_gone(run):
                return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        server = internals.code_server_of(self, run.run_id)
        if server is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "launched in another way")
        try:
            reason = (
                None
                if internals.is_executing(server, run.run_id)
                else "the code server does not know the run"
            )
        except Exception:  # gRPC's errors have no common public type
            reason = "the code server that executed the run is gone"
        if reason is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        internals.tag_as_retried(self._instance, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, reason)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
