"""When a feed is polled again, when it is dead, and that a move keeps its ids."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from podrec_assets.content.feeds import source as sources
from podrec_assets.content.feeds.source import (
    PollPolicy,
    Source,
    after_failure,
    after_success,
    after_unchanged,
    due,
    from_row,
    new_source,
    revive,
)
from podrec_assets.schemas import SOURCES

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLICY = PollPolicy(interval_s=3600, longest_s=86_400, dead_after=7)
URL = "https://show.example/feed.xml"


def read(
    source: Source, now: datetime = NOW, moved_to: str | None = None, announced: int = 3
) -> Source:
    return after_success(
        source,
        now,
        POLICY,
        moved_to=moved_to,
        validators=('"7"', "Sun, 01 Sep 2024 10:00:00 GMT"),
        show=("s1", "Show"),
        episode_count=10,
        announced_count=announced,
        dead_letter_count=1,
    )


def test_a_feed_is_polled_again_after_the_interval_with_its_validators() -> None:
    source = read(new_source(URL, NOW))
    assert (source.status, source.next_poll_at, source.etag) == (
        "active",
        NOW + timedelta(hours=1),
        '"7"',
    )
    assert (source.episode_count, source.announced_count, source.last_changed_at) == (10, 3, NOW)
    later = NOW + timedelta(hours=1)
    again = after_unchanged(source, later, POLICY, None)
    assert (again.etag, again.episode_count, again.last_changed_at, again.last_success_at) == (
        '"7"',
        10,
        NOW,
        later,
    )
    assert read(again, later, announced=0).last_changed_at == NOW
    assert read(again, later).announced_count == 6


def test_waits_of_a_failing_feed_double_until_it_is_dead() -> None:
    source, waits, states = new_source(URL, NOW), [], []
    for _ in range(7):
        source = after_failure(source, NOW, POLICY, "http_404", "gone fishing")
        waits.append((source.next_poll_at - NOW) / timedelta(hours=1))
        states.append(source.status)
    assert waits == [1, 2, 4, 8, 16, 24, 24]
    assert states == ["failing"] * 6 + ["dead"]
    assert due([source], NOW + timedelta(days=365)) == []
    [again] = due([revive(source, NOW)], NOW)
    assert (again.status, again.failure_count, again.last_error, again.last_polled_at) == (
        "active",
        0,
        None,
        NOW,
    )


def test_one_success_resets_all_failures() -> None:
    source = read(
        after_failure(
            after_failure(new_source(URL, NOW), NOW, POLICY, "http_500", "no"),
            NOW,
            POLICY,
            "http_500",
            "no",
        )
    )
    assert (source.status, source.failure_count, source.last_reason, source.last_error) == (
        "active",
        0,
        None,
        None,
    )


def test_a_feed_that_is_gone_is_dead_at_once() -> None:
    assert after_failure(new_source(URL, NOW), NOW, POLICY, "http_410", "gone").status == "dead"


@pytest.mark.parametrize(
    ("asked_s", "waited_s"), [(None, 3600), (60, 3600), (7200, 7200), (10**9, 86_400)]
)
def test_a_server_may_ask_for_a_longer_wait_within_reason(
    asked_s: int | None, waited_s: int
) -> None:
    source = after_failure(new_source(URL, NOW), NOW, POLICY, "fetch_failed", "busy", asked_s)
    assert source.next_poll_at == NOW + timedelta(seconds=waited_s)


def test_a_permanent_move_is_kept_until_it_fails_and_never_changes_the_feed_url() -> None:
    moved = read(new_source(URL, NOW), moved_to="https://new.example/rss")
    assert (moved.feed_url, moved.address) == (URL, "https://new.example/rss")
    assert after_unchanged(moved, NOW, POLICY, None).address == "https://new.example/rss"
    failed = after_failure(moved, NOW, POLICY, "http_404", "no")
    assert (failed.address, failed.etag, failed.modified) == (URL, None, None)
    assert after_failure(read(new_source(URL, NOW)), NOW, POLICY, "http_404", "no").etag == '"7"'


def test_due_sources_are_ordered_by_waiting_time() -> None:
    at = [
        replace(new_source(f"https://{n}.example/", NOW), next_poll_at=NOW + timedelta(minutes=m))
        for n, m in enumerate((1, 0, -5))
    ]
    assert [s.feed_url for s in due(at, NOW)] == ["https://2.example/", "https://1.example/"]


def test_a_source_survives_a_round_trip_through_its_row() -> None:
    source = after_failure(
        read(new_source(URL, NOW), moved_to="https://new.example/"), NOW, POLICY, "http_404", "no"
    )
    [row] = SOURCES.rows([source.row(date(2026, 11, 25))]).to_pylist()
    assert from_row(row) == source
    assert sources.STATUSES == ("active", "failing", "dead")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" https://b.example/feed ", "https://b.example/feed"),
        ("https://ann:s3cret@b.example:8443/feed?a=1", "https://b.example:8443/feed?a=1"),
        ("http://s3cret@b.example/feed", "http://b.example/feed"),
        ("http://ann:s3@cret@b.example/feed", "http://b.example/feed"),
        ("http://ann:s3/cret@b.example/feed", "http://b.example/feed"),
        ("ann:s3cret@b.example/feed", "b.example/feed"),
        ("https://b.example/@ann/feed", "https://b.example/@ann/feed"),
        ("feed.xml", "feed.xml"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_feed_is_followed_without_credentials(given: str, kept: str) -> None:
    source = new_source(given, NOW)
    assert source.feed_url == kept
    assert sources.has_credentials(given) is (kept != given.strip())
    assert "cret" not in str(sources.credentials_error(given))
    before = source.row(NOW.date()) | {"feed_url": given}  # a row of an earlier release
    assert from_row(before).feed_url == kept
