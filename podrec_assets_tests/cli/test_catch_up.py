"""Which days `podrec catch-up` makes, on tables that are there."""

from datetime import UTC, date, datetime

import pytest

from podrec_assets.cli.catch_up import days_to_make, unscored_days
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings

D22, D23, D24, D25 = (date(2026, 11, d) for d in (22, 23, 24, 25))


@pytest.mark.parametrize(
    ("latest", "touched", "days"),
    [
        (None, set(), [D25]),
        (D25, set(), []),
        (D23, set(), [D24, D25]),
        (D25, {D24}, [D24, D25]),
        (D24, {D22}, [D22, D23, D24, D25]),
    ],
    ids=["a table that has not begun", "nothing to do", "a gap", "a touched day", "both"],
)
def test_days_reach_from_the_first_that_needs_it_to_today(latest: date | None, touched: set, days: list) -> None:
    assert days_to_make(latest, touched, D25) == days


def test_a_day_of_listening_is_made_when_its_events_have_just_landed_or_were_never_scored(settings: Settings) -> None:
    connections = Connections(settings, {}, lambda: datetime(2026, 11, 25, 12, tzinfo=UTC))
    landed = [(D23, D22), (D24, D23), (D25, D24)]
    rows = [{"day": d, "kafka_partition": 0, "kafka_offset": n, "event_day": of} for n, (d, of) in enumerate(landed)]
    connections.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(rows), {D23, D24, D25})
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows([]), {D23, D24})
    assert unscored_days(connections, [], D25) == {D22}
    assert unscored_days(connections, [D25], D25) == {D22, D24}
