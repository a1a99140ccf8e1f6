"""The simulated world: topics, drifting tastes, appeal and exact click probabilities. Pure.

Clicks follow the position-based model (Richardson et al. 2007):
P(click on e at position p) = examination(p) * sigmoid(BASE + PULL * liking + appeal - fatigue).
Items of a list do not affect each other, so the best list is sorted by that sigmoid.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np

from podrec_assets.schemas.listening import FINISHED_SHARE

TASTE_CONCENTRATION = 0.25
"""Of the Dirichlet that tastes are drawn from: most listeners like two or three topics."""
OWN_TOPIC_SHARE = 0.75
"""Share of its show's topic in an episode's mixture.

The rest is drawn at random; no text reveals it, only listening does.
"""
OTHER_TOPICS_CONCENTRATION = 0.3
APPEAL_SPREAD = 0.5
BASE, PULL = -3.0, 5.0
"""Log-odds of a click on an examined episode at liking 0, and what liking 1 adds."""
EXAMINATION_DECAY = 0.6
FATIGUE_TOPIC, FATIGUE_SHOW = 0.4, 0.4
"""Log-odds lost for each episode of the same topic, or show, heard on the same day."""
DRIFT_DAYS = 60
"""Days in which a taste moves linearly to a newly drawn one."""
NEWCOMER_SHARE, COLD_DAYS = 0.1, 3
MEAN_RATE, LEAST_RATE, HEAVY_RATE, FAN_RATE = 2.3, 0.3, 8.0, 3.0
"""Sessions a day: the mean, the minimum, listener-0001's and listener-0002's."""
SKIP_SHARE = 0.15
"""Probability that an episode at liking 0 is skipped right after the click."""


@dataclass(frozen=True)
class EpisodeInfo:
    """The attributes of an episode that the simulation uses."""

    episode_id: str
    show_id: str
    topic: str
    published_at: datetime
    duration_s: float


@dataclass(frozen=True)
class Listener:
    """A simulated listener.

    Attributes:
        user_id: `listener-NNNN`.
        anchors: (n, topics), the tastes that the listener passes through, one every DRIFT_DAYS.
        sessions_a_day: mean number of sessions.
        joined: first day.
        only_show: the one show this listener plays; None for everybody else.
    """

    user_id: str
    anchors: np.ndarray
    sessions_a_day: float
    joined: date
    only_show: str | None


@dataclass(frozen=True)
class Moment:
    """A listener at a time, with everything heard so far and, in order, what was heard today."""

    user_id: str
    at: datetime
    heard: frozenset[str] = frozenset()
    heard_today: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything that the probabilities depend on.

    Attributes:
        episodes: sorted by id; all arrays below use this order.
        topics: sorted.
        mixtures: (episodes, topics), rows sum to 1.
        appeal: (episodes,) log-odds that an episode has for every listener.
        listeners: by user_id.
        first_day: the day on which tastes are at their first anchor.
    """

    episodes: tuple[EpisodeInfo, ...]
    topics: tuple[str, ...]
    mixtures: np.ndarray
    appeal: np.ndarray
    listeners: dict[str, Listener]
    first_day: date

    @cached_property
    def index(self) -> dict[str, int]:
        """Maps episode_id to its index in the arrays."""
        return {e.episode_id: i for i, e in enumerate(self.episodes)}

    @cached_property
    def _published(self) -> np.ndarray:
        return np.array([e.published_at.timestamp() for e in self.episodes])

    @cached_property
    def _shows(self) -> np.ndarray:
        return np.array([e.show_id for e in self.episodes])

    @cached_property
    def _topic_names(self) -> np.ndarray:
        return np.array([e.topic for e in self.episodes])

    def taste(self, user_id: str, day: date) -> np.ndarray:
        """Returns (topics,) shares that sum to 1; constant after the last anchor."""
        anchors = self.listeners[user_id].anchors
        progress = min(max((day - self.first_day).days / DRIFT_DAYS, 0.0), len(anchors) - 1.0)
        begin = min(int(progress), len(anchors) - 2)
        fraction = progress - begin
        return (1 - fraction) * anchors[begin] + fraction * anchors[begin + 1]

    def liking(self, user_id: str, day: date) -> np.ndarray:
        """Returns (episodes,) from 0 to 1: mixture times taste, scaled by the strongest topic."""
        taste = self.taste(user_id, day)
        return self.mixtures @ (taste / taste.max())

    def available(self, moment: Moment) -> np.ndarray:
        """Returns (episodes,) booleans: published, unheard and not excluded by `only_show`."""
        is_available = self._published <= moment.at.timestamp()
        is_available[[self.index[e] for e in moment.heard if e in self.index]] = False
        only = self.listeners[moment.user_id].only_show
        return is_available if only is None else is_available & (self._shows == only)

    def fatigue(self, moment: Moment) -> np.ndarray:
        """Returns (episodes,) log-odds lost to episodes heard on the same day."""
        heard = [self.episodes[self.index[e]] for e in moment.heard_today]
        lost = np.zeros(len(self.episodes))
        for topic, count in Counter(e.topic for e in heard).items():
            lost += FATIGUE_TOPIC * count * (self._topic_names == topic)
        for show, count in Counter(e.show_id for e in heard).items():
            lost += FATIGUE_SHOW * count * (self._shows == show)
        return lost

    def attraction(self, moment: Moment) -> np.ndarray:
        """Returns (episodes,) click probabilities given examination; 0 where unavailable."""
        odds = (
            BASE
            + PULL * self.liking(moment.user_id, moment.at.date())
            + self.appeal
            - self.fatigue(moment)
        )
        return self.available(moment) / (1 + np.exp(-odds))

    def is_cold(self, user_id: str, day: date) -> bool:
        """Returns whether the day is one of the listener's first COLD_DAYS."""
        return (day - self.listeners[user_id].joined).days < COLD_DAYS


def examination(places: int) -> np.ndarray:
    """Returns (places,) examination probabilities: position ** -EXAMINATION_DECAY, from 1."""
    return np.arange(1, places + 1) ** -EXAMINATION_DECAY


def skip_probability(liking: float) -> float:
    """Returns the probability that a clicked episode is skipped at once instead of played."""
    return SKIP_SHARE * (1 - liking)


def share_exponent(liking: float) -> float:
    """Returns a of Beta(a, 1), the distribution of the share that is played unless skipped."""
    return 1 + 6 * liking


def finish_probability(liking: float) -> float:
    """Returns the probability that a clicked episode is played past FINISHED_SHARE."""
    return (1 - skip_probability(liking)) * (1 - FINISHED_SHARE ** share_exponent(liking))


def make_world(
    episodes: list[EpisodeInfo], users: int, days: int, seed: int, last_day: date
) -> World:
    """Returns the world over the `days` days that end with `last_day`; deterministic.

    listener-0001 is a heavy listener; listener-0002 plays only the show of the first episode. The
    last tenth of the listeners join within the last COLD_DAYS days.

    Args:
        episodes: at least one.
        users: number of listeners.
        days: length of the history.
        seed: the same seed gives the same world.
        last_day: the last day of the history.
    """
    random = np.random.default_rng(seed)
    ordered = tuple(sorted(episodes, key=lambda e: e.episode_id))
    topics = tuple(sorted({e.topic for e in ordered}))
    own = np.array([[e.topic == t for t in topics] for e in ordered], dtype=float)
    other = random.dirichlet(np.full(len(topics), OTHER_TOPICS_CONCENTRATION), len(ordered))
    appeal = random.normal(0, APPEAL_SPREAD, len(ordered))
    first_day = last_day - timedelta(days=days - 1)
    listeners = [
        _listener(n, users, days, first_day, len(topics), ordered[0].show_id, random)
        for n in range(1, users + 1)
    ]
    mixtures = OWN_TOPIC_SHARE * own + (1 - OWN_TOPIC_SHARE) * other
    by_id = {listener.user_id: listener for listener in listeners}
    return World(ordered, topics, mixtures, appeal, by_id, first_day)


def _listener(
    n: int,
    users: int,
    days: int,
    first_day: date,
    topic_count: int,
    fan_show: str,
    random: np.random.Generator,
) -> Listener:
    anchors = random.dirichlet(np.full(topic_count, TASTE_CONCENTRATION), days // DRIFT_DAYS + 2)
    rate = LEAST_RATE + random.gamma(2.0, (MEAN_RATE - LEAST_RATE) / 2)
    joined_after = random.integers(max(0, days - COLD_DAYS), days)
    name = f"listener-{n:04}"
    if n == 1:
        return Listener(name, anchors, HEAVY_RATE, first_day, None)
    if n == 2:
        return Listener(name, anchors, FAN_RATE, first_day, fan_show)
    joined = (
        first_day + timedelta(days=int(joined_after))
        if n > users * (1 - NEWCOMER_SHARE)
        else first_day
    )
    return Listener(name, anchors, rate, joined, None)


def midnight(day: date) -> datetime:
    """Returns the first moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
