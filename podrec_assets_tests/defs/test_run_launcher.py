"""A run whose process is gone is noticed: by its code server that no longer answers, or its
command's process.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType
from dagster._core.execution.asset_backfill import backfill_runs_are_complete
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    BACKFILL_ID_TAG,
    GRPC_INFO_TAG,
    WILL_RETRY_TAG,
)

from podrec_assets.defs.run_launcher import PROCESS, end_gone_commands, this_process

pytestmark = pytest.mark.slow


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    launcher = {
        "run_launcher": {"module": "podrec_assets.defs.run_launcher", "class": "WatchedRunLauncher"}
    }
    retries = {"run_retries": {"enabled": True, "max_retries": 1}}
    with dg.instance_for_test(overrides=launcher | retries) as found:
        yield found


def status(instance: dg.DagsterInstance, tags: dict[str, str]) -> WorkerStatus:
    run = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.STARTED))
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_command_runs_as_long_as_its_process_and_is_left_alone_on_another_machine(
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


def test_a_backfill_waits_for_the_retry_of_a_gone_run_from_before_it_counts_as_failed(
    instance: dg.DagsterInstance,
) -> None:
    gone = json.dumps({"host": "localhost", "socket": "/nowhere/podrec-code-server"})
    tags, logger = {GRPC_INFO_TAG: gone, BACKFILL_ID_TAG: "b"}, logging.getLogger()
    run = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.STARTED))
    ended = instance.add_run(dg.DagsterRun("job", tags=tags, status=dg.DagsterRunStatus.SUCCESS))
    for each in (run, ended):
        instance.run_launcher.check_run_worker_health(each)
    event = dg.DagsterEvent(DagsterEventType.RUN_FAILURE.value, "job")
    # Just the first half of what a failure does: the tags come in a second transaction.
    instance.run_storage.handle_run_event(run.run_id, event, datetime.now(UTC))
    assert not backfill_runs_are_complete("b", instance, logger)
    instance.add_run_tags(run.run_id, {AUTO_RETRY_RUN_ID_TAG: ended.run_id})
    assert backfill_runs_are_complete("b", instance, logger)
    assert WILL_RETRY_TAG not in instance.get_run_by_id(ended.run_id).tags  # type: ignore[union-attr]


def test_a_run_of_unknown_origin_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert status(instance, {}) == WorkerStatus.RUNNING


def test_a_killed_commands_run_is_ended_by_the_next_one_and_gives_its_pool_slot_back(
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
    assert end_gone_commands(instance) == [killed.run_id]
    assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    assert [s.run_id for s in storage.get_concurrency_info("write_lists").claimed_slots] == [
        living.run_id
    ]
    assert end_gone_commands(instance) == []
