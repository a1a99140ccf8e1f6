"""The world: topics, tastes that drift, appeal, and the exact probabilities of a look, a click and
a finished play. Pure.

A click needs a look and a liking (the position-based model of Richardson et al. 2007):
P(click on e at position p) = examination(p) * sigmoid(BASE + PULL * liking + appeal - fatigue).
Nothing in a list changes the worth of its neighbours, so the best list is the one in order of that
sigmoid.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np

from podrec_assets.schemas.listening import FINISHED_SHARE

TASTE_CONCENTRATION = 0.25
"""Of the Dirichlet over topics that tastes are drawn from: small, so that most listeners care for
two or three topics.
"""
OWN_TOPIC_SHARE = 0.75
"""Share of an episode's mixture that its show's topic has. The rest is drawn, and no text tells it:
only listening does.
"""
OTHER_TOPICS_CONCENTRATION = 0.3
APPEAL_SPREAD = 0.5
BASE, PULL = -3.0, 5.0
"""Log-odds of a click on a looked-at episode of no liking, and what full liking adds."""
EXAMINATION_DECAY = 0.6
FATIGUE_TOPIC, FATIGUE_SHOW = 0.4, 0.4
"""Log-odds that each episode of the topic, or of the show, heard on the same day takes away."""
DRIFT_DAYS = 60
"""Days in which a taste moves, in a straight line, to one drawn anew."""
NEWCOMER_SHARE, COLD_DAYS = 0.1, 3
MEAN_RATE, LEAST_RATE, HEAVY_RATE, FAN_RATE = 2.3, 0.3, 8.0, 3.0
"""Sessions a day: of most listeners, of the idlest, of listener-0001, of listener-0002."""
SKIP_SHARE = 0.15
"""Probability that an episode of no liking is skipped right after the click."""


@dataclass(frozen=True)
class EpisodeInfo:
    """What the simulation knows of an episode."""

    episode_id: str
    show_id: str
    topic: str
    published_at: datetime
    duration_s: float


@dataclass(frozen=True)
class Listener:
    """A listener; `anchors` (n, topics) are the tastes they pass through, one each DRIFT_DAYS,
    `joined` their first day.
    """

    user_id: str
    anchors: np.ndarray
    sessions_a_day: float
    joined: date
    only_show: str | None


@dataclass(frozen=True)
class Moment:
    """A listener at a time: what they have ever heard, and in which order they heard what on this
    day.
    """

    user_id: str
    at: datetime
    heard: frozenset[str] = frozenset()
    heard_today: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything that the probabilities hang on.

    Attributes:
        episodes: in order of their ids; all arrays below go by it.
        topics: in order.
        mixtures: (episodes, topics), rows sum to 1.
        appeal: (episodes,) log-odds that an episode has with everybody.
        listeners: by user_id.
        first_day: day on which tastes stand at their first anchor.
    """

    episodes: tuple[EpisodeInfo, ...]
    topics: tuple[str, ...]
    mixtures: np.ndarray
    appeal: np.ndarray
    listeners: dict[str, Listener]
    first_day: date

    @cached_property
    def index(self) -> dict[str, int]:
        """episode_id -> place in the arrays."""
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
        """(topics,) shares that sum to 1; beyond the last anchor the taste stays."""
        anchors = self.listeners[user_id].anchors
        way = min(max((day - self.first_day).days / DRIFT_DAYS, 0.0), len(anchors) - 1.0)
        begin = min(int(way), len(anchors) - 2)
        return (1 - (way - begin)) * anchors[begin] + (way - begin) * anchors[begin + 1]

    def liking(self, user_id: str, day: date) -> np.ndarray:
        """(episodes,) 0 to 1: taste times mixture, over the listener's strongest topic."""
        taste = self.taste(user_id, day)
        return self.mixtures @ (taste / taste.max())

    def available(self, moment: Moment) -> np.ndarray:
        """(episodes,) whether an episode is published, unheard, and one that the listener would
        hear at all.
        """
        found = self._published <= moment.at.timestamp()
        found[[self.index[e] for e in moment.heard if e in self.index]] = False
        only = self.listeners[moment.user_id].only_show
        return found if only is None else found & (self._shows == only)

    def fatigue(self, moment: Moment) -> np.ndarray:
        """(episodes,) log-odds lost to what the listener has heard on the same day."""
        heard = [self.episodes[self.index[e]] for e in moment.heard_today]
        lost = np.zeros(len(self.episodes))
        for topic, count in Counter(e.topic for e in heard).items():
            lost += FATIGUE_TOPIC * count * (self._topic_names == topic)
        for show, count in Counter(e.show_id for e in heard).items():
            lost += FATIGUE_SHOW * count * (self._shows == show)
        return lost

    def attraction(self, moment: Moment) -> np.ndarray:
        """(episodes,) probability of a click on an episode that is looked at; 0 for what is not
        available.
        """
        odds = (
            BASE
            + PULL * self.liking(moment.user_id, moment.at.date())
            + self.appeal
            - self.fatigue(moment)
        )
        return self.available(moment) / (1 + np.exp(-odds))

    def is_cold(self, user_id: str, day: date) -> bool:
        """Whether the day is one of the listener's first COLD_DAYS."""
        return (day - self.listeners[user_id].joined).days < COLD_DAYS


def examination(places: int) -> np.ndarray:
    """(places,) probability that a position is looked at: position ** -EXAMINATION_DECAY, positions
    from 1.
    """
    return np.arange(1, places + 1) ** -EXAMINATION_DECAY


def skip_probability(liking: float) -> float:
    """Probability that a clicked episode is skipped at once instead of played."""
    return SKIP_SHARE * (1 - liking)


def share_exponent(liking: float) -> float:
    """a of Beta(a, 1), the distribution of the played share of an episode that is not skipped."""
    return 1 + 6 * liking


def finish_probability(liking: float) -> float:
    """Probability that a clicked episode is played past FINISHED_SHARE."""
    return (1 - skip_probability(liking)) * (1 - FINISHED_SHARE ** share_exponent(liking))


def make_world(
    episodes: list[EpisodeInfo], users: int, days: int, seed: int, last_day: date
) -> World:
    """The world of `users` listeners over the `days` days that end with `last_day`; the same for
    the same arguments.

    listener-0001 is a heavy listener, listener-0002 hears the show of the first episode only; the
    last tenth of the others join within the last COLD_DAYS days.

    Args:
        episodes: at least one.
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
    return World(
        ordered, topics, mixtures, appeal, {one.user_id: one for one in listeners}, first_day
    )


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
    """The first moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
