"""A run without a process is noticed, whether a code server or a command executed it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from podrec_assets.defs.dagster_internals import WorkerStatus
from podrec_assets.defs.run_launcher import PROCESS, fail_runs_of_killed_commands, this_process
from podrec_assets_tests.defs.dagster_internals import (
    AUTO_RETRY_RUN_ID_TAG,
    BACKFILL_ID_TAG,
    GRPC_INFO_TAG,
    WILL_RETRY_TAG,
    backfill_runs_are_complete,
    run_failure_event,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    launcher = {
        "run_launcher": {"module": "podrec_assets.defs.run_launcher", "class": "WatchedRunLauncher"}
    }
    retries = {"run_retries": {"enabled": True, "max_retries": 1}}
    with dg.instance_for_test(overrides=launcher | retries) as opened:
        yield opened


def status(instance: dg.DagsterInstance, tags: dict[str, str]) -> WorkerStatus:
    run = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.STARTED))
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_commands_run_lasts_as_long_as_its_process_and_other_machines_are_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    machine = this_process().rpartition(":")[0]
    assert status(instance, {PROCESS: this_process()}) == WorkerStatus.RUNNING
    assert status(instance, {PROCESS: f"{machine}:{ended.pid}"}) == WorkerStatus.FAILED
    assert status(instance, {PROCESS: f"elsewhere:{ended.pid}"}) == WorkerStatus.RUNNING
    assert this_process().endswith(f":{os.getpid()}")


def test_a_run_whose_code_server_does_not_answer_has_failed(instance: dg.DagsterInstance) -> None:
    gone = json.dumps({"host": "localhost", "socket": "/nowhere/podrec-code-server"})
    assert status(instance, {GRPC_INFO_TAG: gone}) == WorkerStatus.FAILED


def test_a_run_is_tagged_for_its_retry_before_it_fails_so_that_its_backfill_waits(
    instance: dg.DagsterInstance,
) -> None:
    gone = json.dumps({"host": "localhost", "socket": "/nowhere/podrec-code-server"})
    tags, logger = {GRPC_INFO_TAG: gone, BACKFILL_ID_TAG: "b"}, logging.getLogger()
    run = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.STARTED))
    ended = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.SUCCESS))
    for each in (run, ended):
        instance.run_launcher.check_run_worker_health(each)
    # Only the first half of a failure: its tags come in a second transaction.
    instance.run_storage.handle_run_event(run.run_id, run_failure_event(), datetime.now(UTC))
    assert not backfill_runs_are_complete("b", instance, logger)
    instance.add_run_tags(run.run_id, {AUTO_RETRY_RUN_ID_TAG: ended.run_id})
    assert backfill_runs_are_complete("b", instance, logger)
    assert WILL_RETRY_TAG not in instance.get_run_by_id(ended.run_id).tags  # type: ignore[union-attr]


def test_a_run_launched_in_another_way_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert status(instance, {}) == WorkerStatus.RUNNING


def test_the_next_command_fails_the_run_of_a_killed_one_and_frees_its_pool_slot(
    instance: dg.DagsterInstance,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    machine, storage = this_process().rpartition(":")[0], instance.event_log_storage
    killed, living = (
        instance.add_run(
            dg.DagsterRun("job", tags={PROCESS: process}, status=dg.DagsterRunStatus.STARTED)
        )
        for process in (f"{machine}:{ended.pid}", this_process())
    )
    storage.set_concurrency_slots("write_lists", 2)
    for run in (killed, living):
        assert storage.claim_concurrency_slot("write_lists", run.run_id, "step").is_claimed
    assert fail_runs_of_killed_commands(instance) == [killed.run_id]
    assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    assert [s.run_id for s in storage.get_concurrency_info("write_lists").claimed_slots] == [
        living.run_id
    ]
    assert fail_runs_of_killed_commands(instance) == []
