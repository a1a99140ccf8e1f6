"""Checks of the daily score: listeners with more events than count are named."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from podrec_assets.defs.checks.events import listener_volume_is_bounded
from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.checks.running import run_check

D1, D2 = date(2026, 11, 1), date(2026, 11, 2)
BOUND = 5


def plays(user: str, day: date, count: int, first_offset: int) -> list[dict]:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return [
        {
            "day": day, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": first_offset + n,
            "recorded_at": noon, "event_id": str(n), "user_id": user, "episode_id": f"e{n}",
            "kind": "play", "completed_share": 0.9, "occurred_at": noon + timedelta(seconds=n),
            "event_day": day, "is_late": False,
        }
        for n in range(count)
    ]  # fmt: skip


def world(settings: Settings, *events: list[dict]) -> Connections:
    """Returns a lake with these events and the daily scores of both days."""
    bounded = settings.model_copy(update={"listener_events_per_day": BOUND})
    connections = Connections(bounded, {})
    lake, rows = connections.lake, USER_EVENTS.rows(row for part in events for row in part)
    lake.replace_days(USER_EVENTS, rows, {D1, D2})
    daily: pa.Table = ComputeEngine(None).daily_score(lake, bounded, [D1, D2])
    lake.replace_days(USER_VS_EPISODE_DAILY, daily, {D1, D2})
    return connections


def test_a_listener_beyond_the_bound_is_named_with_the_number_of_events_that_do_not_count(
    settings: Settings,
) -> None:
    connections = world(
        settings,
        plays("bot\x1b", D1, 12, 0),
        plays("bot\x1b", D1, 12, 100),
        plays("bot\x1b", D2, 6, 200),
        plays("busy", D1, BOUND, 300),
    )
    assert run_check(connections, listener_volume_is_bounded, D1, D2) == (
        False,
        {
            "events_per_day": BOUND,
            "capped_listener_count": 1,
            "excess_event_count": 8,
            "listeners": {r"bot\x1b on 2026-11-01": 7, r"bot\x1b on 2026-11-02": 1},
        },
    )
    assert len(connections.lake.read(USER_EVENTS.name)) == 12 + 12 + 6 + BOUND


def test_a_busy_listener_within_the_bound_is_fine(settings: Settings) -> None:
    connections = world(settings, plays("busy", D1, BOUND, 0), plays("busy", D1, BOUND, 50))
    passed, metadata = run_check(connections, listener_volume_is_bounded, D1)
    assert (passed, metadata["excess_event_count"], metadata["listeners"]) == (True, 0, {})
