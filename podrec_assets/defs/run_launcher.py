"""Launches runs as Dagster does on one machine, and notices when a run's process is gone.

Dagster's own launcher cannot tell: after a power cut or a killed daemon its runs stay "started" for
six hours, hold their pool slots, and the backfill that waits for them stands still.
"""

import os
import platform

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

PROCESS = "podrec/process"
"""Tag of a run that a command executes itself: machine:process id."""

GONE = "the command's process is gone"


def this_process() -> str:
    """The value of PROCESS for a run of this process."""
    return f"{platform.node()}:{os.getpid()}"


def end_gone_commands(instance: DagsterInstance) -> list[str]:
    """Ids of the runs of killed commands on this machine, which are failed by this and hold no pool
    slot any longer.

    The daemon does the same by run monitoring; where none runs, the next command would wait for a
    slot for ever.
    """
    gone = [
        run
        for run in instance.get_runs(RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES))
        if is_gone(run)
    ]
    for run in gone:
        instance.report_run_failed(run, f"This run has failed: {GONE}.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in gone]


def is_gone(run: DagsterRun) -> bool:
    """Whether a command of this machine executed the run, and its process does not exist any more."""
    machine, _, pid = run.tags.get(PROCESS, "").rpartition(":")
    return machine == platform.node() and not is_alive(int(pid))


class WatchedRunLauncher(DefaultRunLauncher):
    """Run monitoring asks it whether a started run still has its process: the code server's, or the
    command's.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while somebody executes the run; FAILED once nobody can."""
        if PROCESS in run.tags:
            if is_gone(run):
                return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "launched by other means")
        if reason := self._why_gone(client, run):
            self._announce_retry(run.run_id)
            return CheckRunHealthResult(WorkerStatus.FAILED, reason)
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _why_gone(self, client: DagsterGrpcClient, run: DagsterRun) -> str | None:
        try:
            answer = deserialize_value(
                client.can_cancel_execution(
                    CanCancelExecutionRequest(run_id=run.run_id), timeout=10
                ),
                CanCancelExecutionResult,
            )
        except Exception:  # gRPC's errors have no common public type
            return "the code server that executed the run is gone"
        return None if answer.can_cancel else "the code server does not know the run"

    def _announce_retry(self, run_id: str) -> None:
        """Tags a run that is about to be failed as one that is retried, while it still counts as
        running.

        Dagster tags it after it has failed. A backfill that looks in between sees a failed run that
        nobody retries, ends as failed itself, and then its runs are not retried any more. A run
        that has ended meanwhile is left alone: the tag would have it executed again.
        """
        run = self._instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            failed = run.with_status(DagsterRunStatus.FAILURE)
            if auto_reexecution_should_retry_run(self._instance, failed, None):
                self._instance.add_run_tags(run_id, {WILL_RETRY_TAG: "true"})


def is_alive(pid: int) -> bool:
    """Whether a process of this machine exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
