"""Simulated listening sessions and the events they produce. Pure; deterministic by seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from podrec_assets.schemas import NEWCOMER
from podrec_assets.schemas.listening import FINISHED_SHARE
from podrec_assets.simulation.world import (
    EpisodeInfo,
    Moment,
    World,
    examination,
    midnight,
    share_exponent,
    skip_probability,
)

SLATE = 4
"""Episodes shown in a session."""
LIKE_SHARE, UNLIKE_SHARE = 0.25, 0.03
"""Probability that a finished play is liked, and that a like is taken back."""
SECONDS_PER_POSITION = 5.0
"""Time to examine one position of a list before the next."""
WAKING_HOURS = (5, 24)


@dataclass(frozen=True)
class SimulatedEvent:
    """One event; `detail` holds position, list_version or completed_share."""

    at: datetime
    event_id: str
    user_id: str
    episode_id: str
    kind: str
    detail: dict[str, float | str]


@dataclass(frozen=True)
class PublishedLists:
    """The published lists: ranked episode ids by listener; listeners without one get NEWCOMER's."""

    version: str
    lists: dict[str, list[str]]

    def shown_to(self, user_id: str, available: set[str]) -> list[str]:
        """The first SLATE of a listener's list that are available."""
        ranked = self.lists.get(user_id, self.lists.get(NEWCOMER, []))
        return [e for e in ranked if e in available][:SLATE]


def listening(world: World, seed: int, end: datetime) -> list[SimulatedEvent]:
    """Returns all events from the world's first day to `end`, by listener and then by time.

    Each session shows SLATE available episodes at random, so clicks by position estimate the
    examination probabilities without bias.
    """
    # Not the bare seed: these draws must not repeat those that made the world.
    random = np.random.default_rng([seed, 1])
    events: list[SimulatedEvent] = []
    for user_id, listener in world.listeners.items():
        heard: set[str] = set()
        day = listener.joined
        while day <= end.date():
            events += _one_day(world, user_id, day, heard, random)
            day += timedelta(days=1)
    return [event for event in events if event.at <= end]


def heard_before(events: Iterable[SimulatedEvent], at: datetime) -> dict[str, frozenset[str]]:
    """Returns, by listener, the episodes whose plays ended before a time."""
    episodes: dict[str, set[str]] = {}
    for event in events:
        if event.kind == "play" and event.at < at:
            episodes.setdefault(event.user_id, set()).add(event.episode_id)
    return {user_id: frozenset(heard) for user_id, heard in episodes.items()}


def _one_day(
    world: World, user_id: str, day: date, heard: set[str], random: np.random.Generator
) -> list[SimulatedEvent]:
    count = random.poisson(world.listeners[user_id].sessions_a_day)
    events: list[SimulatedEvent] = []
    today: tuple[str, ...] = ()
    for hour in np.sort(random.uniform(*WAKING_HOURS, count)):
        moment = Moment(
            user_id, midnight(day) + timedelta(hours=float(hour)), frozenset(heard), today
        )
        new = session(world, moment, random_list(world, moment, random), random)
        played = tuple(event.episode_id for event in new if event.kind == "play")
        heard.update(played)
        today += played
        events += new
    return events


def random_list(world: World, moment: Moment, random: np.random.Generator) -> list[str]:
    """Returns up to SLATE of the available episodes, in random order."""
    open_now = np.flatnonzero(world.available(moment))
    return [world.episodes[i].episode_id for i in random.permutation(open_now)[:SLATE]]


def session(
    world: World,
    moment: Moment,
    shown: list[str],
    random: np.random.Generator,
    list_version: str | None = None,
) -> list[SimulatedEvent]:
    """Simulates showing a list: one impression per item, and clicks by the world's probabilities.

    Clicked episodes are played one after another unless they are skipped. Impressions and clicks
    carry the list's version.
    """
    listed: dict[str, str] = {} if list_version is None else {"list_version": list_version}
    indices = [world.index[e] for e in shown]
    click_probability = examination(len(shown)) * world.attraction(moment)[indices]
    clicked = random.random(len(shown)) < click_probability
    liking = world.liking(moment.user_id, moment.at.date())[indices]
    events = [
        _event(moment, e, "impression", moment.at, random, position=p, **listed)
        for p, e in enumerate(shown, start=1)
    ]
    free_at = moment.at
    for place in np.flatnonzero(clicked):
        position = int(place) + 1
        at = moment.at + timedelta(seconds=SECONDS_PER_POSITION * position)
        episode = world.episodes[indices[place]]
        events.append(
            _event(moment, episode.episode_id, "click", at, random, position=position, **listed)
        )
        events += _play_or_skip(moment, episode, float(liking[place]), max(at, free_at), random)
        free_at = events[-1].at
    return events


def _play_or_skip(
    moment: Moment,
    episode: EpisodeInfo,
    liking: float,
    starts: datetime,
    random: np.random.Generator,
) -> list[SimulatedEvent]:
    if random.random() < skip_probability(liking):
        return [_event(moment, episode.episode_id, "skip", starts, random)]
    share = float(random.beta(share_exponent(liking), 1))
    ended = starts + timedelta(seconds=share * episode.duration_s)
    completed_share = round(share, 3)
    events = [
        _event(moment, episode.episode_id, "play", ended, random, completed_share=completed_share)
    ]
    if share > FINISHED_SHARE and random.random() < LIKE_SHARE:
        events.append(_event(moment, episode.episode_id, "like", ended, random))
        if random.random() < UNLIKE_SHARE:
            changed_mind = ended + timedelta(minutes=5)
            events.append(_event(moment, episode.episode_id, "unlike", changed_mind, random))
    return events


def _event(
    moment: Moment,
    episode_id: str,
    kind: str,
    at: datetime,
    random: np.random.Generator,
    **detail: float | str,
) -> SimulatedEvent:
    return SimulatedEvent(at, random.bytes(10).hex(), moment.user_id, episode_id, kind, detail)
