"""Events as records of `user-events`, with the mess of real streams: some twice, some days late,
some that nobody can read.

Pure but for the clock that `live` is given.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from podrec_assets.simulation.listener_model import Happening, Published, listening, random_list, session
from podrec_assets.simulation.world import EpisodeInfo, Moment, World, make_world

SCHEMA_VERSION = 1
DUPLICATE_SHARE, LATE_SHARE, MALFORMED_SHARE = 0.01, 0.01, 0.003
LATE_DAYS = (3, 6)
EXPLORED_SHARE = 0.2
"""Sessions at random keep a view of what the lists never show."""
MEAN_DELAY = timedelta(seconds=20)
DUPLICATE_DELAY = timedelta(minutes=3)
MALFORMED = (
    b"not json at all",
    b"",
    b"\xff\xfe\x00",
    b"[1, 2, 3]",
    b'{"schema": 1, "kind": "play"}',
    b'{"schema": 9, "event_id": "x"}',
    b'{"schema": 1, "event_id": "m", "user_id": "listener-0009", "episode_id": "e", "kind": "sneeze"}',
)


@dataclass(frozen=True)
class SimulatedMessage:
    """A record to produce."""

    recorded_at: datetime
    key: str | None
    value: bytes


def simulate(
    episodes: list[EpisodeInfo], days: int, users: int, seed: int, end: datetime
) -> list[SimulatedMessage]:
    """Records of `users` listeners over the `days` days that end with `end`, in order of their
    timestamps.

    About 1 % of the events come twice, 1 % three to six days late, 0.3 % of the records are
    malformed. What would be stamped after `end` has not arrived yet and is not there.

    Args:
        episodes: at least one.
        end: tz-aware, UTC.
    """
    world = make_world(episodes, users, days, seed, end.date())
    return recorded(listening(world, seed, end), seed, end)


def recorded(happened: list[Happening], seed: int, end: datetime) -> list[SimulatedMessage]:
    """The records of events up to `end`, in order of their timestamps."""
    random = np.random.default_rng([seed, 2])
    messages = []
    for h in happened:
        delay = float(random.exponential()) * MEAN_DELAY
        if random.random() < LATE_SHARE:
            delay = timedelta(days=float(random.uniform(*LATE_DAYS)))
        messages += _messages(h, h.at, h.at + delay, DUPLICATE_DELAY, random)
    return sorted((m for m in messages if m.recorded_at <= end), key=lambda m: m.recorded_at)


def live(
    world: World, seed: int, now: Callable[[], datetime], published: Published | None = None
) -> Iterator[SimulatedMessage]:
    """Records without end, each happening and stamped as it is asked for; ends at once where no
    episode is available.

    Under load nobody's catalogue may run out, so heard episodes stay available. Nothing comes late.
    Of the sessions, EXPLORED_SHARE show available episodes at random, the others the published
    lists where there are any.
    """
    random = np.random.default_rng([seed, 3])
    at = now()
    ready = [
        one for one in world.listeners.values() if world.available(Moment(one.user_id, at)).any()
    ]
    rates = np.array([one.sessions_a_day for one in ready])
    while ready:
        for who in random.choice(len(ready), 1000, p=rates / rates.sum()):
            moment = Moment(ready[who].user_id, now())
            listed = _listed(world, moment, published) if random.random() >= EXPLORED_SHARE else []
            shown, version = (
                (listed, published.version)
                if listed and published
                else (random_list(world, moment, random), None)
            )
            for h in session(world, moment, shown, random, version):
                stamp = now()
                yield from _messages(h, stamp, stamp, timedelta(0), random)


def _listed(world: World, moment: Moment, published: Published | None) -> list[str]:
    if published is None:
        return []
    open_now = {world.episodes[i].episode_id for i in np.flatnonzero(world.available(moment))}
    return published.shown_to(moment.user_id, open_now)


def _messages(
    h: Happening, at: datetime, stamp: datetime, copy_delay: timedelta, random: np.random.Generator
) -> list[SimulatedMessage]:
    """The record of an event, at times followed by its copy or by one that is malformed."""
    event = {
        "schema": SCHEMA_VERSION,
        "event_id": h.event_id,
        "user_id": h.user_id,
        "episode_id": h.episode_id,
        "kind": h.kind,
        **h.detail,
        "occurred_at": at.isoformat(),
    }
    messages = [SimulatedMessage(stamp, h.user_id, json.dumps(event).encode())]
    is_twice, is_malformed = random.random(2) < (DUPLICATE_SHARE, MALFORMED_SHARE)
    if is_twice:
        messages.append(SimulatedMessage(stamp + copy_delay, h.user_id, messages[0].value))
    if is_malformed:
        messages.append(
            SimulatedMessage(stamp, None, MALFORMED[int(random.integers(len(MALFORMED)))])
        )
    return messages
