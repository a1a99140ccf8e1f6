"""`podrec backfill` requests exactly the given days of each asset from the daemon."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from podrec_assets.cli.backfill import report, request_backfill
from podrec_assets.cli.run import EVERY_DAY
from podrec_assets.defs.freshness import FACTS, MODELS
from podrec_assets.defs.instance import daemon_is_running
from podrec_assets.errors import PodrecError, UnknownIdError
from podrec_assets.schemas import WITHDRAWALS
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.dagster_internals import DaemonHeartbeat

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 3)
NAMES = ["2026-09-01", "2026-09-02", "2026-09-03"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as test_instance:
        yield test_instance


def targets(instance: dg.DagsterInstance, backfill_id: str) -> dict[str, list[str]]:
    backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    assert backfill.asset_backfill_data is not None
    subset = backfill.asset_backfill_data.target_subset
    return {
        k.to_user_string(): sorted(subset.get_partitions_subset(k).get_partition_keys())
        for k in subset.asset_keys
    }


def test_the_whole_graph_is_requested_for_the_given_days_only(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    requested = targets(instance, request_backfill(settings, instance, "*", FIRST, LAST))
    assert requested.keys() >= {*FACTS, *MODELS}
    assert set(map(tuple, requested.values())) == {tuple(NAMES)}


def test_the_default_selection_has_all_daily_assets_but_not_als_tuning(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    assert targets(
        instance, request_backfill(settings, instance, EVERY_DAY, FIRST, LAST)
    ).keys() == {*FACTS, *MODELS, WITHDRAWALS.name}


@pytest.mark.parametrize(("first", "last"), [(date(2017, 12, 31), LAST), (FIRST, date.max)])
def test_days_outside_the_partitions_are_refused(
    settings: Settings, instance: dg.DagsterInstance, first: date, last: date
) -> None:
    with pytest.raises(PodrecError, match=r"Days must lie between 2018-01-01 and today"):
        request_backfill(settings, instance, "*", first, last)


def test_missing_requests_only_days_that_some_asset_lacks(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    for asset, days in (("episodes", NAMES), ("transcripts", NAMES[::2])):
        for day in days:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=day))
    again = request_backfill(settings, instance, "episodes transcripts", FIRST, LAST, missing=True)
    assert targets(instance, again) == {"episodes": ["2026-09-02"], "transcripts": ["2026-09-02"]}
    assert report(instance, again) == {
        "backfill_id": again, "status": "REQUESTED", "run_count": 0, "runs": {}, "error": None
    }  # fmt: skip
    with pytest.raises(PodrecError, match=r"No day of 2026-09-01\.\.2026-09-03 is missing"):
        request_backfill(settings, instance, "episodes", FIRST, LAST, missing=True)
    with pytest.raises(UnknownIdError, match="unknown asset 'nothing'"):
        request_backfill(settings, instance, "nothing", FIRST, LAST)


def test_a_daemon_counts_as_running_while_it_sends_heartbeats(
    instance: dg.DagsterInstance,
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert not daemon_is_running(instance, now)
    instance.add_daemon_heartbeat(DaemonHeartbeat(now.timestamp() - 30, "SENSOR", "id"))
    assert daemon_is_running(instance, now)
    assert not daemon_is_running(instance, now + timedelta(minutes=3))
