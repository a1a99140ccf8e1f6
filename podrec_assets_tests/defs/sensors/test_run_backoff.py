"""Repeating failed requests: the run key, the wait and the skip reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from podrec_assets.defs.sensors.offsets import LANDS
from podrec_assets.defs.sensors.run_backoff import attempts, wait_after

FAILURE, SUCCESS, STARTED = (
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.STARTED,
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def add(instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus) -> list[str]:
    return [
        instance.add_run(dg.DagsterRun("job", tags={LANDS: "episodes"}, status=s)).run_id
        for s in statuses
    ]


def test_the_first_request_and_one_after_a_success_do_not_wait_and_keep_their_key(
    instance: dg.DagsterInstance,
) -> None:
    now = datetime.now(UTC)
    for _ in range(2):
        previous = attempts(instance, LANDS, "episodes")
        assert previous.reason_to_wait("landing", now) is None
        assert previous.key("topic:p0=0-7") == "topic:p0=0-7"
        add(instance, FAILURE, SUCCESS)


def test_after_a_failure_the_next_request_waits_says_why_and_has_another_key(
    instance: dg.DagsterInstance,
) -> None:
    *_, last = add(instance, SUCCESS, FAILURE, FAILURE)
    previous = attempts(instance, LANDS, "episodes")
    assert previous.failure_count == 2
    reason = previous.reason_to_wait("landing episodes", datetime.now(UTC))
    assert reason
    assert reason.startswith(
        f"landing episodes failed 2 times in a row, last in run {last[:8]}; "
        "the next attempt is due at "
    )
    assert previous.reason_to_wait("landing episodes", previous.due_at) is None
    assert previous.due_at - datetime.now(UTC) > 3 * MINUTE
    assert previous.key("topic:p0=0-7") == f"topic:p0=0-7#after:{last}"


def test_an_unfinished_run_makes_the_sensor_wait(instance: dg.DagsterInstance) -> None:
    add(instance, FAILURE, STARTED)
    assert (
        attempts(instance, LANDS, "episodes").reason_to_wait("landing", datetime.now(UTC))
        == "landing is in progress"
    )


def test_runs_for_another_purpose_do_not_count(instance: dg.DagsterInstance) -> None:
    add(instance, FAILURE)
    assert attempts(instance, LANDS, "user_events").failure_count == 0


def test_the_wait_doubles_up_to_an_hour() -> None:
    assert [wait_after(n) / MINUTE for n in (1, 2, 3, 4, 5, 6, 9)] == [2, 4, 8, 16, 32, 60, 60]
