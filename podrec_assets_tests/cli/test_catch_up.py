"""Which days `podrec catch-up` updates, given the tables that exist."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from podrec_assets.cli.catch_up import days_to_update, unencoded_days
from podrec_assets.defs.sensors.late_events import waiting_days
from podrec_assets.ledger.lateness import COMPUTED_FROM
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY, VECTORS
from podrec_assets.settings import Settings

D22, D23, D24, D25 = (date(2026, 11, d) for d in (22, 23, 24, 25))


@pytest.mark.parametrize(
    ("latest", "affected", "days"),
    [
        (None, set(), [D25]),
        (D25, set(), []),
        (D23, set(), [D24, D25]),
        (D25, {D24}, [D24, D25]),
        (D24, {D22}, [D22, D23, D24, D25]),
    ],
    ids=["an empty table", "nothing to do", "a gap", "an affected day", "both"],
)
def test_days_run_from_the_first_that_needs_an_update_to_today(
    latest: date | None, affected: set, days: list
) -> None:
    assert days_to_update(latest, affected, D25) == days


@pytest.fixture
def connections(settings: Settings) -> Connections:
    return Connections(settings, {}, lambda: datetime(2026, 11, 25, 12, tzinfo=UTC))


def recorded(instance: dg.DagsterInstance, asset: str, day: date, **metadata: Any) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset, partition=day.isoformat(), metadata=metadata)
    )


def test_a_day_of_listening_is_updated_until_its_score_has_all_landed_events(
    connections: Connections,
) -> None:
    """A command was killed after landing; the next one landed nothing and left the old score."""
    landed = [(D23, D22), (D24, D23), (D25, D24)]
    rows = [
        {"day": d, "kafka_partition": 0, "kafka_offset": n, "event_day": of, "is_late": False}
        for n, (d, of) in enumerate(landed)
    ]
    connections.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(rows), {D23, D24, D25})
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows([]), {D23, D24})
    instance = dg.DagsterInstance.ephemeral()
    for day in (D22, D23, D24):  # the score of the 22nd is recorded, but its partition is gone
        recorded(instance, USER_VS_EPISODE_DAILY.name, day, **{COMPUTED_FROM: {"0": 2}})
    assert waiting_days(connections, instance, D25, is_late_only=False) == [D22, D24]
    recorded(instance, USER_VS_EPISODE_DAILY.name, D24, **{COMPUTED_FROM: {"0": 3}})
    assert waiting_days(connections, instance, D25, is_late_only=False) == [D22]
    assert waiting_days(connections, instance, D25) == []


def test_a_day_of_episodes_is_updated_until_its_vectors_are_newer(connections: Connections) -> None:
    """A command was killed after landing episodes; they never got transcripts."""
    connections.lake.replace_days(EPISODES, EPISODES.rows([]), {D22, D23, D24, D25})
    connections.lake.replace_days(VECTORS, VECTORS.rows([]), {D22, D23, D24})
    instance = dg.DagsterInstance.ephemeral()
    for asset, day in [
        ("episodes", D22),
        ("transcripts", D22),
        ("vectors", D22),
        ("vectors", D23),
        ("episodes", D23),
    ]:
        recorded(instance, asset, day)
    assert unencoded_days(connections, instance) == {D23, D25}
    recorded(instance, "transcripts", D22)
    recorded(instance, "vectors", D23)
    assert unencoded_days(connections, instance) == {D22, D25}
