"""Checks on planted tables: each fails on exactly what it is meant to find."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from podrec_assets.defs.checks import completeness, row_rules
from podrec_assets.defs.checks.lag import events_are_recent
from podrec_assets.defs.checks.row_rules import RULES
from podrec_assets.defs.checks.schema_and_volume import (
    build_schema_check,
    unusual_volume,
)
from podrec_assets.defs.checks.transcripts import every_episode_has_a_row
from podrec_assets.defs.checks.vectors import one_embedding_version
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    EPISODES,
    FUSION_WEIGHTS,
    TABLES,
    TRANSCRIPTS,
    USER_EVENTS,
    VECTORS,
    Table,
)
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.checks.running import check_of, run_check

D1, D2, D3 = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)


@pytest.fixture
def connections(settings: Settings) -> Connections:
    return Connections(settings, {}, lambda: datetime(2026, 11, 3, 12, tzinfo=UTC))


def write(connections: Connections, spec: Table, rows: list[dict], *days: date) -> None:
    connections.lake.replace_days(spec, spec.rows(rows), days or {r["day"] for r in rows})


def weight(day: date, bucket: str, alpha: float) -> dict:
    return {"day": day, "bucket": bucket, "alpha": alpha, "user_count": 1}


def test_broken_rows_are_counted_and_named_and_other_days_do_not_matter(
    connections: Connections,
) -> None:
    check = check_of(row_rules.CHECKS, "fusion_weights")
    write(
        connections,
        FUSION_WEIGHTS,
        [weight(D1, "0", 0.7), weight(D2, "0", 1.2), weight(D2, "1-4", 0.5)],
    )
    assert run_check(connections, check, D1) == (
        True,
        {"broken_row_count": 0, "broken_rules": {}, "examples": {}},
    )
    passed, metadata = run_check(connections, check, D1, D2)
    assert not passed
    assert metadata["broken_rules"] == {"alpha BETWEEN 0 AND 1": 1}
    assert metadata["examples"] == {"alpha BETWEEN 0 AND 1": ["2026-11-02 / 0"]}


def test_every_rule_can_be_evaluated_and_a_row_of_nulls_breaks_some(
    connections: Connections,
) -> None:
    for name in RULES:
        write(connections, TABLES[name], [{"day": D1}])
        passed, metadata = run_check(connections, check_of(row_rules.CHECKS, name), D1)
        assert not passed, name
        assert metadata["broken_rules"].keys() <= set(RULES[name])


def test_an_undeclared_column_is_reported_as_drift(connections: Connections) -> None:
    check = build_schema_check(FUSION_WEIGHTS)
    write(connections, FUSION_WEIGHTS, [weight(D1, "0", 0.7)])
    assert run_check(connections, check, D1)[0]
    foreign = pa.table({"day": [D2], "bucket": ["0"], "note": ["by another tool"]})
    write_deltalake(
        connections.lake.uri("fusion_weights"), foreign, mode="append", schema_mode="merge"
    )
    passed, metadata = run_check(connections, check, D1)
    assert not passed
    assert metadata["unknown_columns"] == ["note"]


def test_volume_is_judged_by_the_days_before_but_not_for_few_rows_or_a_new_table() -> None:
    steady = {D1 - timedelta(days=n): 100 for n in range(1, 8)}
    assert unusual_volume(steady | {D1: 26}, D1) is None
    assert unusual_volume(steady | {D1: 24}, D1) == "24 rows, usually 100"
    assert unusual_volume(steady | {D1: 401}, D1) == "401 rows, usually 100"
    assert unusual_volume(dict.fromkeys(steady, 10) | {D1: 0}, D1) is None
    assert unusual_volume({D1 - timedelta(days=1): 100, D1: 0}, D1) is None


def test_an_episode_without_a_transcript_row_is_reported(connections: Connections) -> None:
    write(connections, EPISODES, [{"day": D1, "episode_id": e} for e in ("e1", "e2")])
    write(
        connections,
        TRANSCRIPTS,
        [{"day": D1, "episode_id": "e1", "status": "no_audio", "reason": "x"}],
    )
    passed, metadata = run_check(connections, every_episode_has_a_row, D1)
    assert (passed, metadata["waiting"]) == (False, ["2026-11-01 e2"])


def test_the_days_of_the_rarer_embedding_version_are_reported(
    connections: Connections,
) -> None:
    rows = [
        {"day": D1, "episode_id": "e", "chunk": n, "embedding_version": "new"} for n in range(3)
    ]
    write(connections, VECTORS, rows)
    assert run_check(connections, one_embedding_version, D1)[0]
    write(
        connections,
        VECTORS,
        [{"day": D2, "episode_id": "e", "chunk": 0, "embedding_version": "old"}],
    )
    passed, metadata = run_check(connections, one_embedding_version, D1)
    assert not passed
    assert metadata["vectors_by_version"] == {"new": 3, "old": 1}
    assert metadata["days_of_other_versions"] == ["2026-11-02"]


def test_yesterday_is_required_from_its_deadline_on_and_the_day_before_until_then(
    connections: Connections,
) -> None:
    check = check_of(completeness.CHECKS, "fusion_weights")
    assert run_check(connections, check, D1)[0], "a table that has not begun is not late"
    write(connections, FUSION_WEIGHTS, [], D1)
    connections.now = lambda: datetime(2026, 11, 3, 5, 59, tzinfo=UTC)
    assert run_check(connections, check, D1)[0]
    connections.now = lambda: datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
    passed, metadata = run_check(connections, check, D1)
    assert not passed
    assert metadata == {
        "expected_day": "2026-11-02",
        "latest_day": "2026-11-01",
        "missing_day_count": 1,
        "missing_days": ["2026-11-02"],
    }
    write(connections, FUSION_WEIGHTS, [], D3)
    assert not run_check(connections, check, D1)[0], "today does not stand in for yesterday"
    write(connections, FUSION_WEIGHTS, [], D2)
    assert run_check(connections, check, D1)[0]


def test_a_table_that_began_today_needs_no_yesterday(
    connections: Connections,
) -> None:
    write(connections, FUSION_WEIGHTS, [], D3)
    assert run_check(connections, check_of(completeness.CHECKS, "fusion_weights"), D3)[0]


def test_a_stop_of_events_is_reported(connections: Connections) -> None:
    def event_at(moment: datetime) -> list[dict]:
        return [{"day": D3, "kafka_partition": 0, "kafka_offset": 0, "occurred_at": moment}]

    write(connections, USER_EVENTS, event_at(datetime(2026, 11, 3, 11, tzinfo=UTC)))
    assert run_check(connections, events_are_recent, D3)[1]["event_lag_h"] == 1.0
    write(connections, USER_EVENTS, event_at(datetime(2026, 11, 2, 11, tzinfo=UTC)))
    assert not run_check(connections, events_are_recent, D3)[0]
