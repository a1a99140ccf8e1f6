"""Simulated records: reproducible, with the stated share of faults, and never impossible."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pytest

from podrec_assets.listening.event_message import Refusal, parse
from podrec_assets.simulation.listener_model import PublishedLists, heard_before, listening
from podrec_assets.simulation.records import SimulatedMessage, live, simulate
from podrec_assets.simulation.world import COLD_DAYS, examination, make_world
from podrec_assets_tests.simulation.worlds import BEFORE, END, FIRST_DAY, catalogue

pytestmark = pytest.mark.slow

DAYS, USERS, SKEW_S = 14, 300, 3600


@dataclass(frozen=True)
class Log:
    """A simulated log, parsed as it is when events land."""

    messages: list[SimulatedMessage]
    events: list[dict]
    refusals: list[str]


@pytest.fixture(scope="module")
def log() -> Log:
    messages = simulate(catalogue(), DAYS, USERS, 7, END)
    events: list[dict] = []
    refusals: list[str] = []
    for message in messages:
        try:
            events.append(
                {
                    **parse(message.value, message.recorded_at, SKEW_S),
                    "recorded_at": message.recorded_at,
                }
            )
        except Refusal as refusal:
            refusals.append(refusal.reason)
    return Log(messages, events, refusals)


def of_kind(log: Log, *kinds: str) -> Iterator[dict]:
    return (e for e in log.events if e["kind"] in kinds)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_different_ones() -> None:
    first, again, other = (simulate(catalogue(), 5, 20, seed, END) for seed in (7, 7, 8))
    assert first == again
    assert {m.value for m in first}.isdisjoint(m.value for m in other if m.key)


def test_every_kind_of_event_occurs(log: Log) -> None:
    assert Counter(e["kind"] for e in log.events).keys() == {
        "impression",
        "click",
        "play",
        "like",
        "unlike",
        "skip",
    }


def test_one_percent_is_duplicated_and_a_third_of_that_is_malformed(log: Log) -> None:
    ids = Counter(e["event_id"] for e in log.events)
    assert max(ids.values()) == 2
    assert sum(n - 1 for n in ids.values()) / len(ids) == pytest.approx(0.01, abs=0.002)
    assert len(log.refusals) / len(log.messages) == pytest.approx(0.003, abs=0.001)
    assert len(set(log.refusals)) == 7


def test_one_percent_arrives_three_to_six_days_late(log: Log) -> None:
    # Late copies of younger events have not arrived yet.
    old = [e for e in log.events if e["occurred_at"] < END - timedelta(days=6, minutes=10)]
    delays = [e["recorded_at"] - e["occurred_at"] for e in old]
    late = [d for d in delays if d > timedelta(hours=1)]
    assert len(late) / len(old) == pytest.approx(0.01, abs=0.003)
    assert timedelta(days=3) <= min(late) <= max(late) <= timedelta(days=6, minutes=3)


def test_records_are_in_order_and_none_is_stamped_after_the_end(log: Log) -> None:
    stamps = [m.recorded_at for m in log.messages]
    assert stamps == sorted(stamps)
    assert stamps[0] >= datetime(2026, 11, 1, tzinfo=UTC)
    assert END - timedelta(hours=1) < stamps[-1] <= END


def test_nothing_is_shown_or_played_before_it_is_published(log: Log) -> None:
    published = {e.episode_id: e.published_at for e in catalogue()}
    assert all(e["occurred_at"] >= published[e["episode_id"]] for e in log.events)
    late_items = {e for e, at in published.items() if at.date() > FIRST_DAY}
    assert {e["episode_id"] for e in of_kind(log, "play")} & late_items


def test_nobody_plays_an_episode_twice(log: Log) -> None:
    plays = Counter(
        (e["user_id"], e["episode_id"])
        for e in {e["event_id"]: e for e in of_kind(log, "play")}.values()
    )
    assert max(plays.values()) == 1


def test_clicks_by_position_estimate_the_position_bias(log: Log) -> None:
    unique = {e["event_id"]: e for e in of_kind(log, "impression", "click")}.values()
    counts = Counter((e["kind"], e["position"]) for e in unique)
    rates = np.array([counts["click", p] / counts["impression", p] for p in range(1, 5)])
    assert rates / rates[0] == pytest.approx(examination(4), abs=0.06)


def test_the_fan_plays_one_show_and_the_heavy_listener_has_the_most_sessions(log: Log) -> None:
    shows = {e.episode_id: e.show_id for e in catalogue()}
    assert {shows[e["episode_id"]] for e in log.events if e["user_id"] == "listener-0002"} == {"s0"}
    shown = Counter(e["user_id"] for e in of_kind(log, "impression"))
    assert shown["listener-0001"] > 3 * np.median(list(shown.values()))


def test_new_listeners_join_in_the_last_days(log: Log) -> None:
    first: dict[str, datetime] = {}
    for event in sorted(log.events, key=lambda e: e["occurred_at"]):
        first.setdefault(event["user_id"], event["occurred_at"])
    new = [u for u, at in first.items() if int(u[-4:]) > 270]
    assert len(new) > 15
    assert min(first[u] for u in new).date() > END.date() - timedelta(days=COLD_DAYS)


def test_heard_before_counts_the_plays_that_ended_before_the_time() -> None:
    events = listening(make_world(catalogue(), 5, 14, 7, END.date()), 7, END)
    middle = END - timedelta(days=7)
    heard = heard_before(events, middle)
    plays = sum(event.kind == "play" and event.at < middle for event in events)
    assert sum(map(len, heard.values())) == plays > 0


def test_live_records_have_the_current_time_and_do_not_run_out() -> None:
    ticks = iter(range(10**9))
    world = make_world(catalogue(2, 3), 4, 2, 7, END.date())
    messages = list(islice(live(world, 7, lambda: END + timedelta(milliseconds=next(ticks))), 5000))
    stamps = [m.recorded_at for m in messages]
    assert stamps == sorted(stamps)
    events = [(m.recorded_at, json.loads(m.value)) for m in messages if m.key]
    assert all(event["occurred_at"] == at.isoformat() for at, event in events)
    assert {event["kind"] for _, event in events} >= {"impression", "click", "play", "skip"}


def test_live_records_end_at_once_if_no_episode_is_published() -> None:
    world = make_world(catalogue(), 4, 2, 7, END.date())
    assert list(live(world, 7, lambda: BEFORE - timedelta(days=90))) == []


def test_sessions_show_published_lists_with_version_and_position_and_some_explore() -> None:
    ticks = iter(range(10**9))
    world = make_world(catalogue(2, 3), 40, 2, 7, END.date())
    mine, others = ["e1-1", "e0-0", "e1-0", "e0-1", "e1-2"], ["e0-1", "e0-0"]
    lists = PublishedLists("2026-11-14.abc", {"listener-0001": mine, "": others})
    messages = islice(
        live(world, 7, lambda: END + timedelta(milliseconds=next(ticks)), lists), 8000
    )
    events = [json.loads(m.value) for m in messages if m.key]
    shown = [e for e in events if e["kind"] == "impression"]
    listed = [e for e in shown if "list_version" in e]
    assert 0.5 < len(listed) / len(shown) < 0.95
    assert {e["list_version"] for e in listed} == {"2026-11-14.abc"}
    first = {(e["position"], e["episode_id"]) for e in listed if e["user_id"] == "listener-0001"}
    assert first == set(enumerate(mine[:4], start=1))
    assert {e["episode_id"] for e in listed if e["user_id"] == "listener-0007"} == set(others)
    clicks = [
        e
        for e in events
        if e["kind"] == "click" and e["user_id"] == "listener-0001" and "list_version" in e
    ]
    assert clicks
    assert {(e["position"], e["episode_id"]) for e in clicks} <= first
