"""The private parts of Dagster that tests use: a frozen clock, and events that only runs write.

The counterpart of `podrec_assets.defs.dagster_internals`, for tests alone. Checked with Dagster
1.13.27.
"""

from datetime import date

import dagster as dg
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor as AssetDaemonCursor
from dagster._core.definitions.freshness import FreshnessState as FreshnessState
from dagster._core.definitions.freshness import FreshnessStateChange
from dagster._core.definitions.freshness_evaluator import (
    FRESHNESS_EVALUATORS_BY_POLICY_TYPE as FRESHNESS_EVALUATORS_BY_POLICY_TYPE,
)
from dagster._core.definitions.sensor_definition import (
    SensorExecutionData as SensorExecutionData,
)
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent, DagsterEventType
from dagster._core.execution.asset_backfill import (
    backfill_runs_are_complete as backfill_runs_are_complete,
)
from dagster._core.loader import LoadingContextForTest as LoadingContextForTest
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG as AUTO_RETRY_RUN_ID_TAG
from dagster._core.storage.tags import BACKFILL_ID_TAG as BACKFILL_ID_TAG
from dagster._core.storage.tags import GRPC_INFO_TAG as GRPC_INFO_TAG
from dagster._core.storage.tags import WILL_RETRY_TAG as WILL_RETRY_TAG
from dagster._core.test_utils import create_run_for_test
from dagster._core.test_utils import freeze_time as freeze_time
from dagster._core.utils import make_new_run_id
from dagster._daemon.types import DaemonHeartbeat as DaemonHeartbeat


def report_freshness(
    instance: dg.DagsterInstance, asset: str, state: FreshnessState, at: float
) -> None:
    """Reports the freshness state of an asset at a Unix time, as the daemon does."""
    change = FreshnessStateChange(
        key=dg.AssetKey(asset),
        previous_state=FreshnessState.UNKNOWN,
        new_state=state,
        state_change_timestamp=at,
    )
    instance._report_runless_asset_event(change)


def start_run_for(instance: dg.DagsterInstance, asset: str, day: date) -> None:
    """Reports a run as started that will materialize a day of an asset."""
    key, run_id = dg.AssetKey(asset), make_new_run_id()
    create_run_for_test(
        instance,
        run_id=run_id,
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset([key]),
    )
    planned = DagsterEvent(
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
        "landing",
        event_specific_data=AssetMaterializationPlannedData(key, partition=day.isoformat()),
    )
    instance.report_dagster_event(planned, run_id)


def run_failure_event() -> DagsterEvent:
    """The event that marks a run as failed."""
    return DagsterEvent(DagsterEventType.RUN_FAILURE.value, "job")
