"""Simulated listeners with tastes to learn, and the mess of real event streams. Pure; deterministic by seed.

Each listener has a taste over topics (Dirichlet) and a rate; each day they are shown some episodes, press on what suits them,
and finish what they like. Episodes differ in appeal, so popularity knows something too, only less than taste does.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

DUPLICATE_SHARE, LATE_SHARE, MALFORMED_SHARE = 0.01, 0.01, 0.003
NEWCOMER_SHARE = 0.1
TASTE_CONCENTRATION = 0.25
SLATE = 6
LATE_DAYS = (3, 6)
_MALFORMED = (
    b"not json at all",
    b"",
    b"\xff\xfe\x00",
    b"[1, 2, 3]",
    b'{"schema": 1, "kind": "play"}',
    b'{"schema": 9, "event_id": "x"}',
    b'{"schema": 1, "event_id": "m", "user_id": "listener-0009", "episode_id": "e", "kind": "sneeze"}',
)


@dataclass(frozen=True)
class EpisodeInfo:
    """What the simulation knows of an episode."""

    episode_id: str
    show_id: str
    topic: str
    published_at: datetime
    duration_s: float


@dataclass(frozen=True)
class SimulatedMessage:
    """A record to produce."""

    recorded_at: datetime
    key: str | None
    value: bytes


@dataclass
class _Listener:
    user_id: str
    taste: np.ndarray
    rate: float
    since: int
    only_show: str | None
    heard: set[str]


def simulate(episodes: list[EpisodeInfo], days: int, users: int, seed: int, end: datetime) -> list[SimulatedMessage]:
    """Records of `users` listeners over the `days` days that end with `end`, in order of their timestamps.

    listener-0001 is a heavy listener, listener-0002 hears one show only; a tenth of the others join in the last days. About 1 %
    of the events come twice, 1 % three to six days late, 0.3 % of the records are malformed. None is stamped after `end`.
    """
    random = np.random.default_rng(seed)
    episodes = sorted(episodes, key=lambda e: e.episode_id)
    topics = sorted({e.topic for e in episodes})
    appeal = random.normal(0, 0.5, len(episodes))
    listeners = [_listener(n, users, days, topics, episodes, random) for n in range(1, users + 1)]
    first = datetime.combine(end.date() - timedelta(days=days - 1), time(), UTC)
    events: list[tuple[datetime, dict]] = []
    for day in range(days):
        morning = first + timedelta(days=day)
        for listener in listeners:
            if day >= listener.since:
                events += _one_day(listener, morning, episodes, topics, appeal, random)
    return _recorded([(at, e) for at, e in events if at <= end], end, random)


def _listener(
    n: int, users: int, days: int, topics: list[str], episodes: list[EpisodeInfo], random: np.random.Generator
) -> _Listener:
    taste = random.dirichlet(np.full(len(topics), TASTE_CONCENTRATION))
    rate, since, only_show = random.gamma(2.0, 1.2) + 0.3, 0, None
    if n == 1:
        rate = 8.0
    elif n == 2:
        only_show, rate = episodes[0].show_id, 2.0
    elif n > users * (1 - NEWCOMER_SHARE):
        since = int(random.integers(max(0, days - 3), days))
    return _Listener(f"listener-{n:04}", taste, rate, since, only_show, set())


def _one_day(
    listener: _Listener,
    morning: datetime,
    episodes: list[EpisodeInfo],
    topics: list[str],
    appeal: np.ndarray,
    random: np.random.Generator,
) -> list[tuple[datetime, dict]]:
    events = []
    for _ in range(int(random.poisson(listener.rate))):
        at = morning + timedelta(seconds=float(random.uniform(5, 24) * 3600))
        open_now = [
            i
            for i, e in enumerate(episodes)
            if e.published_at <= at and e.episode_id not in listener.heard and listener.only_show in (None, e.show_id)
        ]
        if open_now:
            events += _session(listener, at, open_now, episodes, topics, appeal, random)
    return events


def _session(
    listener: _Listener,
    at: datetime,
    open_now: list[int],
    episodes: list[EpisodeInfo],
    topics: list[str],
    appeal: np.ndarray,
    random: np.random.Generator,
) -> list[tuple[datetime, dict]]:
    """A slate is shown in random order; the higher places are looked at more, the best-liked of those is played."""
    slate = random.choice(open_now, size=min(SLATE, len(open_now)), replace=False)
    liking = np.array([_liking(listener, episodes[i], topics) for i in slate])
    pull = 4.0 * liking + appeal[slate] + random.gumbel(0, 0.5, len(slate)) - 0.15 * np.arange(len(slate))
    chosen = int(np.argmax(pull))
    events = [(at, _event(listener, episodes[i], "impression", random, position=p)) for p, i in enumerate(slate[:3], start=1)]
    episode, love = episodes[slate[chosen]], float(liking[chosen])
    later = at + timedelta(seconds=20)
    events.append((later, _event(listener, episode, "click", random, position=chosen + 1)))
    if random.random() < 0.15 * (1 - love):
        events.append((later, _event(listener, episode, "skip", random)))
        return events
    share = float(np.clip(random.beta(1 + 6 * love, 1.2), 0.01, 1.0))
    listener.heard.add(episode.episode_id)
    ended = later + timedelta(seconds=share * episode.duration_s)
    events.append((ended, _event(listener, episode, "play", random, completed_share=round(share, 3))))
    if share > 0.8 and random.random() < 0.25:
        events.append((ended, _event(listener, episode, "like", random)))
        if random.random() < 0.03:
            events.append((ended + timedelta(minutes=5), _event(listener, episode, "unlike", random)))
    return events


def _liking(listener: _Listener, episode: EpisodeInfo, topics: list[str]) -> float:
    """0 to 1: the taste for the episode's topic beside the listener's strongest."""
    return float(listener.taste[topics.index(episode.topic)] / listener.taste.max())


def _event(listener: _Listener, episode: EpisodeInfo, kind: str, random: np.random.Generator, **more: object) -> dict:
    return {
        "schema": 1,
        "event_id": random.bytes(10).hex(),
        "user_id": listener.user_id,
        "episode_id": episode.episode_id,
        "kind": kind,
        **more,
    }


def _recorded(events: list[tuple[datetime, dict]], end: datetime, random: np.random.Generator) -> list[SimulatedMessage]:
    """Events as records: most at once, some late, some twice, and a few that nobody can read."""
    messages = []
    for at, event in events:
        value = json.dumps(event | {"occurred_at": at.isoformat()}).encode()
        delay = timedelta(seconds=float(random.exponential(20)))
        if random.random() < LATE_SHARE:
            delay = timedelta(days=float(random.uniform(*LATE_DAYS)))
        stamp = min(at + delay, end)
        messages.append(SimulatedMessage(stamp, event["user_id"], value))
        if random.random() < DUPLICATE_SHARE:
            messages.append(SimulatedMessage(min(stamp + timedelta(minutes=3), end), event["user_id"], value))
        if random.random() < MALFORMED_SHARE:
            messages.append(SimulatedMessage(stamp, None, _MALFORMED[int(random.integers(len(_MALFORMED)))]))
    return sorted(messages, key=lambda m: m.recorded_at)
