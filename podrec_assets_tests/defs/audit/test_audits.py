"""Audits during a landing, and an audit that raises an error."""

from collections.abc import Iterator
from datetime import date

import pytest

from podrec_assets.defs.audit import ledgers
from podrec_assets.defs.audit.audits import Audit, examine
from podrec_assets.defs.audit.findings import Fault
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, USER_EVENTS, Table
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, TableState, add_dead_letters

DAY = date(2026, 11, 1)


def place(offset: int) -> dict:
    return {"day": DAY, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": offset}


def land(lake: Lake, spec: Table, offset: int) -> None:
    """Lands a dead letter at the offset, and then a row at the next one with the ledger."""
    add_dead_letters(
        lake,
        [place(offset) | {"stage": spec.name, "source_key": f"t:0:{offset}", "reason": "no_json"}],
    )
    ledger = Ledger({0: offset + 2}, {0: 0}, {0: ((DAY, 0),)})
    with lake.writing(spec.name):
        lake.append(spec, spec.rows([place(offset + 1)]), [DAY], ledger.to_json())


@pytest.fixture(params=[USER_EVENTS, EPISODES], ids=lambda spec: spec.name)
def landing(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> tuple[Table, Connections]:
    """A table into which more records land right after its ledger was read."""
    spec, connections = request.param, Connections(settings, {})
    land(connections.lake, spec, 0)
    read, offsets = Lake.state, iter([2])

    def state(lake: Lake, name: str, version: int | None = None) -> TableState:
        before = read(lake, name, version)
        if name == spec.name and (offset := next(offsets, None)):
            land(lake, spec, offset)
        return before

    monkeypatch.setattr(Lake, "state", state)
    return spec, connections


def test_records_that_land_during_an_audit_are_no_fault(landing: tuple[Table, Connections]) -> None:
    spec, connections = landing
    look = {
        USER_EVENTS.name: ledgers.event_offset_faults,
        EPISODES.name: ledgers.episode_offset_faults,
    }[spec.name]
    assert list(look(connections)) == []
    assert connections.lake.read(spec.name).num_rows == 2


@pytest.mark.parametrize("landing", [USER_EVENTS], indirect=True, ids=["user_events"])
def test_records_that_land_during_the_check_do_not_block(
    landing: tuple[Table, Connections],
) -> None:
    assert [a.missing_count for a in accounts_of(landing[1].lake, [DAY])] == [0]


def test_dead_letters_of_a_landing_killed_before_its_rows_are_no_fault(
    settings: Settings,
) -> None:
    connections = Connections(settings, {})
    land(connections.lake, USER_EVENTS, 0)
    letter = place(2) | {"stage": USER_EVENTS.name, "source_key": "t:0:2", "reason": "no_json"}
    add_dead_letters(connections.lake, [letter])
    assert connections.lake.read(DEAD_LETTERS.name).num_rows == 2
    assert list(ledgers.event_offset_faults(connections)) == []


def test_faults_found_before_an_audit_raises_are_reported(settings: Settings) -> None:
    def find_faults(_: Connections) -> Iterator[Fault]:
        yield Fault("one", "fix it")
        raise OSError("broken file")

    findings = examine(Connections(settings, {}), Audit("things", "are in order", find_faults))
    assert [f.detail for f in findings] == ["one", "cannot be verified: broken file"]
