"""A landing that failed is told while records wait, with its reason, until one succeeds."""

from types import SimpleNamespace
from typing import cast

import dagster as dg
import pytest

from podrec_assets.defs.audit.ledgers import landing_faults
from podrec_assets.defs.run_failures import unresolved_failure
from podrec_assets.errors import DataLossError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings

REASON = "user-events partition 0 lost offsets 3 to 4 before they landed."


def run_landing(instance: dg.DagsterInstance, fails: bool) -> None:
    @dg.asset
    def user_events() -> None:
        if fails:
            raise DataLossError(REASON)

    @dg.asset
    def other() -> None:
        raise DataLossError("not the landing")

    dg.materialize([user_events], instance=instance, raise_on_error=False)
    dg.materialize([other], instance=instance, raise_on_error=False)


def waiting(settings: Settings, count: int) -> Connections:
    """Returns connections to topics with so many records, none of which has landed."""
    connections = Connections(settings, {})
    connections._kafka = SimpleNamespace(end_offsets=lambda topic: {0: count})  # type: ignore
    return connections


@pytest.mark.parametrize("count", [0, 7])
def test_doctor_tells_of_a_failed_landing_while_records_wait(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    connections = waiting(settings, count)
    monkeypatch.setattr(Connections, "kafka", property(lambda c: c._kafka))
    with dg.instance_for_test() as instance:
        assert list(landing_faults(connections, instance)) == []
        run_landing(instance, fails=True)
        faults = list(landing_faults(connections, instance))
        assert len(faults) == (1 if count else 0)
        if faults:
            assert faults[0].detail.startswith("7 records of user-events wait: the last landing of")
            assert faults[0].detail.endswith(REASON.rstrip("."))
            assert "`podrec run --select user_events --days " in faults[0].remedy
        run_landing(instance, fails=False)
        assert unresolved_failure(instance, "user_events") is None
        assert list(landing_faults(connections, instance)) == []


def test_the_reason_is_that_of_the_latest_failure(settings: Settings) -> None:
    with dg.instance_for_test() as instance:
        assert unresolved_failure(instance, "user_events") is None
        run_landing(instance, fails=False)
        run_landing(instance, fails=True)
        failed = cast(tuple, unresolved_failure(instance, "user_events"))
        assert failed[1] == REASON
