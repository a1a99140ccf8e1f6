"""Listening analytics on a planted lake, against hand-computed results."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb as duck
from podrec_assets.stores.delta import add_dead_letters

D = [date(2026, 11, 1) + timedelta(days=n) for n in range(4)]
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def daily(
    day: date,
    user: str,
    episode: str,
    plays: int,
    likes: int = 0,
    skips: int = 0,
    share: float = 0.5,
) -> dict:
    counts = {
        "play_count": plays,
        "like_count": likes,
        "unlike_count": 0,
        "skip_count": skips,
        "max_completed_share": share,
    }
    return {
        "day": day,
        "user_id": user,
        "episode_id": episode,
        "score": 1.0,
        "last_at": NOON,
        **counts,
    }


def event(day: date, kind: str, position: int | None = None, share: float | None = None) -> dict:
    ids = {
        "event_id": uuid.uuid4().hex,
        "kafka_partition": 0,
        "kafka_offset": 0,
        "list_version": "v1" if position else None,
    }
    return ids | {
        "day": day,
        "kind": kind,
        "position": position,
        "completed_share": share,
        "event_day": day,
        "occurred_at": NOON,
    }


@pytest.fixture
def connections(settings: Settings) -> Connections:
    found = Connections(settings, {})
    rows = [
        daily(D[0], "u", "e1", 2, likes=1),
        daily(D[0], "v", "e2", 1),
        daily(D[1], "u", "e2", 1, skips=1, share=0.05),
        daily(D[2], "u", "e1", 1, share=0.99),
        daily(D[2], "w", "e3", 0),
    ]
    found.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows(rows), D[:3])
    shows = {"e1": ("Old", "A"), "e2": ("Two", "B")}
    named = [
        {
            "day": D[0],
            "episode_id": e,
            "title": title,
            "show_title": show,
            "duration_s": 600.0 if e == "e1" else None,
        }
        for e, (title, show) in shows.items()
    ]
    found.lake.replace_days(
        EPISODES, EPISODES.rows([*named, {**named[0], "day": D[1], "title": "New"}]), D[:2]
    )
    events = [
        event(D[0], "impression", 1),
        event(D[0], "impression", 1),
        event(D[1], "click", 1),
        event(D[1], "impression", 2),
    ]
    events += [
        event(D[1], "play", share=0.05),
        event(D[1], "play", share=1.0),
        event(D[1], "play", share=0.95),
    ]
    found.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(events), D[:2])
    texts = [
        {"day": D[0], "episode_id": "e1", "status": "failed"},
        {"day": D[1], "episode_id": "e1", "status": "ok"},
    ]
    texts[1] |= {"source": "publisher", "word_count": 900}
    texts.append({"day": D[1], "episode_id": "e2", "status": "no_audio"})
    found.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(texts), D[:2])
    add_dead_letters(
        found.lake,
        [{"day": D[0], "stage": "s", "source_key": "k", "reason": "it's bad", "payload": b"x"}],
    )
    return found


def ask(
    connections: Connections,
    sql: str,
    first: date = D[0],
    last: date = D[3],
    shows: Sequence[str] = (),
    **values: object,
) -> list[tuple]:
    return [
        tuple(r.values())
        for r in analytics.ask(connections, sql, first, last, shows, **values).to_pylist()
    ]


def test_listening_by_day_counts_plays_and_listeners(connections: Connections) -> None:
    assert ask(connections, analytics.LISTENING_BY_DAY) == [
        (D[0], 3, 2, 1, 0),
        (D[1], 1, 1, 0, 1),
        (D[2], 1, 1, 0, 0),
    ]
    assert ask(connections, analytics.LISTENING_BY_DAY, D[1], D[1]) == [(D[1], 1, 1, 0, 1)]
    assert ask(connections, analytics.LISTENING_BY_DAY, D[3], D[3]) == []
    # Listeners are counted in blocks of 60 days; with this first day a block begins on D[1].
    long_before = D[0] - timedelta(days=359)
    assert ask(connections, analytics.LISTENING_BY_DAY, long_before) == ask(
        connections, analytics.LISTENING_BY_DAY
    )


def test_episodes_and_shows_have_their_latest_names(connections: Connections) -> None:
    new, two = pytest.approx((0.5 + 0.99) / 2), pytest.approx((0.5 + 0.05) / 2)
    assert ask(connections, analytics.TOP_EPISODES) == [
        ("New", "A", 3, 1, new),
        ("Two", "B", 2, 0, two),
    ]
    assert ask(connections, analytics.TOP_SHOWS) == [("A", 3, 1, new), ("B", 2, 0, two)]


def test_completion_is_counted_in_tenths_and_a_full_play_in_the_last(
    connections: Connections,
) -> None:
    assert ask(connections, analytics.COMPLETION) == [(0, 1), (50, 3), (90, 1)]


def test_only_episodes_of_the_selected_shows_are_counted(connections: Connections) -> None:
    assert ask(connections, analytics.LISTENING_BY_DAY, shows=["B"]) == [
        (D[0], 1, 1, 0, 0),
        (D[1], 1, 1, 0, 1),
    ]
    assert ask(connections, analytics.TOP_SHOWS, shows=["A"]) == [
        ("A", 3, 1, pytest.approx((0.5 + 0.99) / 2))
    ]
    assert ask(connections, analytics.LISTENING_BY_DAY, shows=["') OR true --"]) == []


def test_click_through_by_position_and_version_with_its_interval(connections: Connections) -> None:
    one, two = ask(connections, analytics.CLICKS_BY_POSITION)
    assert one[:4] == (1, 2, 1, 0.5)
    # Wilson, 95 %, 1 of 2 and 0 of 1, by hand:
    # (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    assert one[4:] == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert two == (2, 1, 0, 0.0, 0.0, pytest.approx(0.7935, abs=1e-4))
    assert [row[:4] for row in ask(connections, analytics.CLICKS_BY_VERSION)] == [
        ("v1", 3, 1, pytest.approx(1 / 3))
    ]
    assert [row[:3] for row in ask(connections, analytics.CLICKS_BY_DAY)] == [
        (D[0], 2, 0),
        (D[1], 1, 1),
    ]


def test_a_duplicated_event_counts_once(connections: Connections) -> None:
    shown, clicked = event(D[2], "impression", 1), event(D[2], "click", 1)
    events = [
        shown,
        clicked,
        shown | {"kafka_offset": 1, "position": 2},
        clicked | {"kafka_partition": 1},
    ]
    connections.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(events), [D[2]])
    for question, of in (
        (analytics.CLICKS_BY_POSITION, 1),
        (analytics.CLICKS_BY_DAY, D[2]),
        (analytics.CLICKS_BY_VERSION, "v1"),
    ):
        assert [row[:3] for row in ask(connections, question, D[2])] == [(of, 1, 1)]


def test_retention_counts_listeners_who_played_again_later(connections: Connections) -> None:
    assert ask(connections, analytics.RETENTION, step=1) == [
        (D[0], 0, 2, 1.0),
        (D[0], 1, 1, 0.5),
        (D[0], 2, 1, 0.5),
    ]
    assert ask(connections, analytics.RETENTION, step=2) == [(D[0], 0, 2, 1.0), (D[0], 1, 1, 0.5)]


def test_each_episode_counts_once_in_the_transcript_coverage_with_its_minutes(
    connections: Connections,
) -> None:
    assert ask(connections, analytics.TRANSCRIPT_COVERAGE) == [
        ("no_audio", "none", 1, None, None),
        ("ok", "publisher", 1, 900, 10.0),
    ]


def test_recently_heard_episodes_are_only_the_listeners_own(connections: Connections) -> None:
    today = datetime.now(UTC).date()
    rows = [
        daily(today, "o'hara", "e1", 1),
        daily(today, "o'hara", "e2", 0, skips=1),
        daily(today, "u", "e2", 5),
    ]
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows(rows), [today])
    found = analytics.recently_heard(connections, "o'hara")
    assert found == [{"day": today, "episode_id": "e1", "plays": 1, "played": 0.5, "likes": 0}]
    assert analytics.recently_heard(connections, "' OR true --") == []


def test_a_reason_is_a_parameter_and_never_sql(connections: Connections) -> None:
    assert len(ask(connections, analytics.DEAD_LETTERS_BY_REASON, reason="it's bad")) == 1
    assert ask(connections, analytics.DEAD_LETTERS_BY_REASON, reason="' OR 1 = 1 --") == []


def test_an_empty_lake_gives_empty_results(settings: Settings) -> None:
    empty = Connections(settings, {})
    for question in (
        analytics.LISTENING_BY_DAY,
        analytics.TOP_SHOWS,
        analytics.QUALITY,
        analytics.TRANSCRIPT_COVERAGE,
    ):
        assert ask(empty, question) == []


def test_nothing_outside_the_lake_can_be_read(connections: Connections, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    with pytest.raises(duckdb.PermissionException):
        duck.query_files(f"SELECT * FROM read_csv('{outside}')", {}, connections.lake.root)
