"""Simulated records of the topic `user-events`, with duplicates, late and malformed ones.

Pure except for the clock passed to `live`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from podrec_assets.simulation.listener_model import (
    PublishedLists,
    SimulatedEvent,
    listening,
    random_list,
    session,
)
from podrec_assets.simulation.world import EpisodeInfo, Moment, World, make_world

SCHEMA_VERSION = 1
DUPLICATE_SHARE, LATE_SHARE, MALFORMED_SHARE = 0.01, 0.01, 0.003
LATE_DAYS = (3, 6)
EXPLORED_SHARE = 0.2
"""Share of live sessions that show random episodes, for feedback on what the lists never show."""
MEAN_DELAY = timedelta(seconds=20)
DUPLICATE_DELAY = timedelta(minutes=3)
MALFORMED = (
    b"not json at all",
    b"",
    b"\xff\xfe\x00",
    b"[1, 2, 3]",
    b'{"schema": 1, "kind": "play"}',
    b'{"schema": 9, "event_id": "x"}',
    b'{"schema": 1, "event_id": "m", "user_id": "listener-0009",'
    b' "episode_id": "e", "kind": "sneeze"}',
)


@dataclass(frozen=True)
class SimulatedMessage:
    """A Kafka record to produce."""

    recorded_at: datetime
    key: str | None
    value: bytes


def simulate(
    episodes: list[EpisodeInfo], days: int, users: int, seed: int, end: datetime
) -> list[SimulatedMessage]:
    """Returns the records of the `days` days that end with `end`, in order of their timestamps.

    About 1 % of the events are duplicated, 1 % arrive three to six days late and 0.3 % of the
    records are malformed. Records that would be stamped after `end` are left out.

    Args:
        episodes: at least one.
        days: length of the history.
        users: number of listeners.
        seed: the same seed gives the same bytes.
        end: tz-aware, UTC.
    """
    world = make_world(episodes, users, days, seed, end.date())
    return recorded(listening(world, seed, end), seed, end)


def recorded(events: list[SimulatedEvent], seed: int, end: datetime) -> list[SimulatedMessage]:
    """Returns the records of events up to `end`, in order of their timestamps."""
    random = np.random.default_rng([seed, 2])
    messages = []
    for event in events:
        delay = float(random.exponential()) * MEAN_DELAY
        if random.random() < LATE_SHARE:
            delay = timedelta(days=float(random.uniform(*LATE_DAYS)))
        messages += _messages(event, event.at, event.at + delay, DUPLICATE_DELAY, random)
    return sorted((m for m in messages if m.recorded_at <= end), key=lambda m: m.recorded_at)


def live(
    world: World, seed: int, now: Callable[[], datetime], published: PublishedLists | None = None
) -> Iterator[SimulatedMessage]:
    """Yields an endless stream of records, each stamped when it is taken from the iterator.

    Ends at once if no episode is available. Heard episodes stay available, so a long load never
    exhausts a listener's catalogue. No record is late. EXPLORED_SHARE of the sessions show random
    episodes; the others show the published lists, if there are any.
    """
    random = np.random.default_rng([seed, 3])
    at = now()
    active = [
        listener
        for listener in world.listeners.values()
        if world.available(Moment(listener.user_id, at)).any()
    ]
    rates = np.array([listener.sessions_a_day for listener in active])
    while active:
        for index in random.choice(len(active), 1000, p=rates / rates.sum()):
            moment = Moment(active[index].user_id, now())
            listed = _listed(world, moment, published) if random.random() >= EXPLORED_SHARE else []
            shown, version = (
                (listed, published.version)
                if listed and published
                else (random_list(world, moment, random), None)
            )
            for event in session(world, moment, shown, random, version):
                stamp = now()
                yield from _messages(event, stamp, stamp, timedelta(0), random)


def _listed(world: World, moment: Moment, published: PublishedLists | None) -> list[str]:
    if published is None:
        return []
    open_now = {world.episodes[i].episode_id for i in np.flatnonzero(world.available(moment))}
    return published.shown_to(moment.user_id, open_now)


def _messages(
    event: SimulatedEvent,
    at: datetime,
    stamp: datetime,
    copy_delay: timedelta,
    random: np.random.Generator,
) -> list[SimulatedMessage]:
    """Returns the record of an event, sometimes with a duplicate or a malformed record after it."""
    fields = {
        "schema": SCHEMA_VERSION,
        "event_id": event.event_id,
        "user_id": event.user_id,
        "episode_id": event.episode_id,
        "kind": event.kind,
        **event.detail,
        "occurred_at": at.isoformat(),
    }
    messages = [SimulatedMessage(stamp, event.user_id, json.dumps(fields).encode())]
    is_duplicated, is_malformed = random.random(2) < (DUPLICATE_SHARE, MALFORMED_SHARE)
    if is_duplicated:
        messages.append(SimulatedMessage(stamp + copy_delay, event.user_id, messages[0].value))
    if is_malformed:
        messages.append(
            SimulatedMessage(stamp, None, MALFORMED[int(random.integers(len(MALFORMED)))])
        )
    return messages
