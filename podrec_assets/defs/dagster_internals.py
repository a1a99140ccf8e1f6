"""Every use of Dagster's private API, each with its reason. Checked with Dagster 1.13.27.

Private means a `dagster._*` module, or a member that Dagster does not mark as public. When you
upgrade Dagster, start here: nothing else in podrec imports such a module, and a test enforces it.
This module imports nothing but Dagster, because the image of the webserver and the daemon has
nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.selector import (
    PartitionRangeSelector,
    PartitionsByAssetSelector,
    PartitionsSelector,
)
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._core.launcher import CheckRunHealthResult as CheckRunHealthResult
from dagster._core.launcher import WorkerStatus as WorkerStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._core.utils import make_new_backfill_id
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value
from dagster._utils.error import SerializableErrorInfo as SerializableErrorInfo

# Runs. A run launcher answers run monitoring in the private types CheckRunHealthResult and
# WorkerStatus; there is no public way to fail a run or to ask for its failed steps.

RUNS_IN_PROGRESS = list(IN_PROGRESS_RUN_STATUSES)
"""Statuses of a run that may be executing now; a queued run is not one of them."""
ANSWER_TIMEOUT_S = 10


def fail_run(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    """Marks a run as failed and frees its pool slots."""
    instance.report_run_failed(run, f"This run has failed: {reason}.")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def failed_steps(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Keys of the steps of a run that failed, sorted."""
    stats = instance.get_run_step_stats(run_id)
    return sorted(s.step_key for s in stats if s.status and s.status.value == "FAILURE")


def code_server_of(launcher: dg.DefaultRunLauncher, run_id: str) -> DagsterGrpcClient | None:
    """Client of the code server that executes a run; None for a run launched in another way."""
    return launcher._get_grpc_client_for_termination(run_id)


def is_executing(server: DagsterGrpcClient, run_id: str) -> bool:
    """Whether the code server executes the run now. Raises gRPC's errors if it does not answer."""
    request = CanCancelExecutionRequest(run_id=run_id)
    answer = server.can_cancel_execution(request, timeout=ANSWER_TIMEOUT_S)
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def tag_as_retried(instance: dg.DagsterInstance, run_id: str) -> None:
    """Tags a run that is about to be marked as failed, if run retries will retry it.

    Dagster itself sets this tag only after the failure. A backfill that looks in between sees a
    failed run without a retry, and ends as failed too. A run that has ended by now is left alone:
    the tag would execute it again.
    """
    run = instance.get_run_by_id(run_id)
    if run and not run.is_finished:
        failed = run.with_status(dg.DagsterRunStatus.FAILURE)
        if auto_reexecution_should_retry_run(instance, failed, None):
            instance.add_run_tags(run_id, {WILL_RETRY_TAG: "true"})


# The instance's state. The public API has no daemon heartbeats, pool limits, freshness states or
# latest check results, and no set of materialized partitions.


def set_pool_limit(instance: dg.DagsterInstance, pool: str, limit: int) -> None:
    """Sets how many steps may hold the pool at once; dagster.yaml has only one default for all."""
    instance.event_log_storage.set_concurrency_slots(pool, limit)


def last_heartbeat(instance: dg.DagsterInstance) -> float:
    """Unix time of the latest heartbeat of any daemon; -inf if there never was one."""
    beats = instance.get_daemon_heartbeats().values()
    return max((beat.timestamp for beat in beats), default=float("-inf"))


def materialized_days(instance: dg.DagsterInstance, asset: str) -> set[date]:
    """Days of an asset that Dagster shows as materialized."""
    keys = instance.get_materialized_partitions(dg.AssetKey(asset))
    return {date.fromisoformat(key) for key in keys}


def latest_materialization_ids(instance: dg.DagsterInstance, asset: str) -> Mapping[str, int]:
    """Storage id of each partition's latest materialization; a greater id is a later event."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    return instance.get_latest_storage_id_by_partition(dg.AssetKey(asset), kind)


def latest_check_results(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]
) -> Iterator[tuple[dg.AssetCheckKey, dg.AssetCheckEvaluation]]:
    """The latest finished evaluation of each check that has one."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    for key, record in latest.items():
        event = record.event.dagster_event if record.event else None
        evaluation = event.event_specific_data if event else None
        if isinstance(evaluation, dg.AssetCheckEvaluation):
            yield key, evaluation


def overdue_assets(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]
) -> Iterator[tuple[dg.AssetKey, datetime]]:
    """Assets whose freshness policy fails, each with the UTC time since when."""
    for key, record in instance.get_freshness_state_records(keys).items():
        if record.freshness_state == FreshnessState.FAIL:
            yield key, record.updated_at.astimezone(UTC)


# Backfills. Dagster can start one only from the UI and its GraphQL API, which need a webserver.

BACKFILL_SUCCEEDED = BulkActionStatus.COMPLETED_SUCCESS.value
BACKFILL_ENDED = {
    BACKFILL_SUCCEEDED,
    BulkActionStatus.COMPLETED_FAILED.value,
    BulkActionStatus.COMPLETED.value,
    BulkActionStatus.FAILED.value,
    BulkActionStatus.CANCELED.value,
}


def add_backfill(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph,
    keys: Iterable[dg.AssetKey],
    ranges: Iterable[tuple[date, date]],
    title: str,
) -> str:
    """Queues a backfill of exactly these ranges of days of each asset, and returns its id.

    The days are given for each asset. Days given for the roots alone would add every later day
    whose window contains them.
    """
    days = PartitionsSelector(
        ranges=[PartitionRangeSelector(start=str(first), end=str(last)) for first, last in ranges]
    )
    backfill = PartitionBackfill.from_partitions_by_assets(
        backfill_id=make_new_backfill_id(),
        asset_graph=graph,
        backfill_timestamp=datetime.now(UTC).timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        partitions_by_assets=[
            PartitionsByAssetSelector(asset_key=key, partitions=days) for key in keys
        ],
        title=title,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def get_backfill(instance: dg.DagsterInstance, backfill_id: str) -> PartitionBackfill:
    """The backfill of an id that `add_backfill` returned."""
    backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    return backfill


# Execution contexts. An IO manager can add metadata to its output as a whole, but to single
# partitions of a range only by the context of its step.


def add_partition_metadata(
    context: dg.OutputContext | dg.AssetExecutionContext, metadata: dict, day: date
) -> None:
    """Adds metadata to the materialization of one day."""
    step = context.step_context if isinstance(context, dg.OutputContext) else context
    step.add_asset_metadata(metadata, partition_key=day.isoformat())
