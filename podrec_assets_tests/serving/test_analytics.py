"""Questions about listening on a planted lake, answers worked out by hand; nothing else can be read by them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings
from podrec_assets.stores import duck

D = [date(2026, 11, 1) + timedelta(days=n) for n in range(4)]
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def daily(day: date, user: str, episode: str, plays: int, likes: int = 0, skips: int = 0) -> dict:
    counts = {"play_count": plays, "like_count": likes, "skip_count": skips}
    return {"day": day, "user_id": user, "episode_id": episode, "score": 1.0, "max_completed_share": 0.5, **counts}


def event(day: date, kind: str, position: int | None = None, share: float | None = None) -> dict:
    return {"day": day, "kind": kind, "position": position, "completed_share": share, "event_day": day, "occurred_at": NOON}


@pytest.fixture
def connections(settings: Settings) -> Connections:
    found = Connections(settings, {})
    rows = [
        daily(D[0], "u", "e1", 2, likes=1),
        daily(D[0], "v", "e2", 1),
        daily(D[1], "u", "e2", 1, skips=1),
        daily(D[2], "u", "e1", 1),
        daily(D[2], "w", "e3", 0),
    ]
    found.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows(rows), D[:3])
    shows = {"e1": ("Old", "A"), "e2": ("Two", "B")}
    named = [{"day": D[0], "episode_id": e, "title": title, "show_title": show} for e, (title, show) in shows.items()]
    found.lake.replace_days(EPISODES, EPISODES.rows([*named, {**named[0], "day": D[1], "title": "New"}]), D[:2])
    events = [event(D[0], "impression", 1), event(D[0], "impression", 1), event(D[1], "click", 1), event(D[1], "impression", 2)]
    events += [event(D[1], "play", share=0.05), event(D[1], "play", share=1.0), event(D[1], "play", share=0.95)]
    found.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(events), D[:2])
    found.lake.add_dead_letters([{"day": D[0], "stage": "s", "source_key": "k", "reason": "it's bad", "payload": b"x"}])
    return found


def ask(connections: Connections, sql: str, first: date = D[0], last: date = D[3], **parameters: object) -> list[tuple]:
    return [tuple(r.values()) for r in analytics.ask(connections, sql, first, last, **parameters).to_pylist()]


def test_listening_by_day_counts_plays_and_listeners(connections: Connections) -> None:
    assert ask(connections, analytics.LISTENING_BY_DAY) == [(D[0], 3, 2, 1, 0), (D[1], 1, 1, 0, 1), (D[2], 1, 1, 0, 0)]
    assert ask(connections, analytics.LISTENING_BY_DAY, D[1], D[1]) == [(D[1], 1, 1, 0, 1)]
    assert ask(connections, analytics.LISTENING_BY_DAY, D[3], D[3]) == []


def test_episodes_and_shows_bear_their_latest_names(connections: Connections) -> None:
    assert ask(connections, analytics.TOP_EPISODES) == [("New", "A", 3, 1, 0.5), ("Two", "B", 2, 0, 0.5)]
    assert ask(connections, analytics.TOP_SHOWS) == [("A", 3, 1), ("B", 2, 2)]


def test_completion_falls_into_tenths_and_the_end_into_the_last(connections: Connections) -> None:
    assert ask(connections, analytics.COMPLETION) == [(0, 1), (90, 2)]


def test_click_through_by_position(connections: Connections) -> None:
    assert ask(connections, analytics.CLICKS_BY_POSITION) == [(1, 2, 1, 0.5), (2, 1, 0, 0.0)]


def test_retention_counts_who_played_again_after_their_first_day(connections: Connections) -> None:
    assert ask(connections, analytics.RETENTION) == [(D[0], 0, 2), (D[0], 1, 1), (D[0], 2, 1)]


def test_a_reason_is_a_value_and_never_sql(connections: Connections) -> None:
    assert len(ask(connections, analytics.LETTERS_OF, reason="it's bad")) == 1
    assert ask(connections, analytics.LETTERS_OF, reason="' OR 1 = 1 --") == []


def test_an_empty_lake_has_empty_answers(settings: Settings) -> None:
    empty = Connections(settings, {})
    for question in (analytics.LISTENING_BY_DAY, analytics.TOP_SHOWS, analytics.QUALITY, analytics.TRANSCRIPT_COVERAGE):
        assert ask(empty, question) == []


def test_nothing_outside_the_lake_can_be_read(connections: Connections, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    with pytest.raises(duckdb.PermissionException):
        duck.query_files(f"SELECT * FROM read_csv('{outside}')", {}, connections.lake.root)
