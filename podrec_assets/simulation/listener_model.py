"""Listeners in the world: sessions in which a list is shown, and the events that they leave. Pure;
deterministic by seed.
"""

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
LOOK_S = 5.0
"""Seconds between looks at two positions."""
WAKING_HOURS = (5, 24)


@dataclass(frozen=True)
class Happening:
    """One event: when, who, what; `detail` holds position, list_version or completed_share."""

    at: datetime
    event_id: str
    user_id: str
    episode_id: str
    kind: str
    detail: dict[str, float | str]


@dataclass(frozen=True)
class Published:
    """Lists that listeners are shown: their version, and episode ids in order by listener;
    NEWCOMER's for who has none.
    """

    version: str
    lists: dict[str, list[str]]

    def shown_to(self, user_id: str, available: set[str]) -> list[str]:
        """The first SLATE of a listener's list that are available."""
        mine = self.lists.get(user_id, self.lists.get(NEWCOMER, []))
        return [e for e in mine if e in available][:SLATE]


def listening(world: World, seed: int, end: datetime) -> list[Happening]:
    """All that happens from the world's first day to `end`, by listener in order of time.

    Each session shows SLATE available episodes at random, so clicks by position tell the
    examination without bias.
    """
    # Not the bare seed: these draws must not repeat those that made the world.
    random = np.random.default_rng([seed, 1])
    happened: list[Happening] = []
    for user_id, listener in world.listeners.items():
        heard: set[str] = set()
        day = listener.joined
        while day <= end.date():
            happened += _one_day(world, user_id, day, heard, random)
            day += timedelta(days=1)
    return [h for h in happened if h.at <= end]


def heard_before(happened: Iterable[Happening], at: datetime) -> dict[str, frozenset[str]]:
    """By listener, the episodes whose plays ended before a time."""
    found: dict[str, set[str]] = {}
    for h in happened:
        if h.kind == "play" and h.at < at:
            found.setdefault(h.user_id, set()).add(h.episode_id)
    return {user_id: frozenset(heard) for user_id, heard in found.items()}


def _one_day(
    world: World, user_id: str, day: date, heard: set[str], random: np.random.Generator
) -> list[Happening]:
    count = random.poisson(world.listeners[user_id].sessions_a_day)
    happened: list[Happening] = []
    today: tuple[str, ...] = ()
    for hour in np.sort(random.uniform(*WAKING_HOURS, count)):
        moment = Moment(
            user_id, midnight(day) + timedelta(hours=float(hour)), frozenset(heard), today
        )
        new = session(world, moment, random_list(world, moment, random), random)
        played = tuple(h.episode_id for h in new if h.kind == "play")
        heard.update(played)
        today += played
        happened += new
    return happened


def random_list(world: World, moment: Moment, random: np.random.Generator) -> list[str]:
    """Up to SLATE of the available episodes, in random order."""
    open_now = np.flatnonzero(world.available(moment))
    return [world.episodes[i].episode_id for i in random.permutation(open_now)[:SLATE]]


def session(
    world: World,
    moment: Moment,
    shown: list[str],
    random: np.random.Generator,
    list_version: str | None = None,
) -> list[Happening]:
    """What happens when a list is shown: an impression of each item, and clicks by the world's
    probabilities.

    Clicked episodes are played one after another, unless they are skipped. Impressions and clicks
    bear the list's version.
    """
    listed: dict[str, str] = {} if list_version is None else {"list_version": list_version}
    places = [world.index[e] for e in shown]
    chances = examination(len(shown)) * world.attraction(moment)[places]
    clicked = random.random(len(shown)) < chances
    liking = world.liking(moment.user_id, moment.at.date())[places]
    happened = [
        _happening(moment, e, "impression", moment.at, random, position=p, **listed)
        for p, e in enumerate(shown, start=1)
    ]
    free_at = moment.at
    for place in np.flatnonzero(clicked):
        at = moment.at + timedelta(seconds=LOOK_S * (int(place) + 1))
        episode = world.episodes[places[place]]
        happened.append(
            _happening(
                moment, episode.episode_id, "click", at, random, position=int(place) + 1, **listed
            )
        )
        happened += _played(moment, episode, float(liking[place]), max(at, free_at), random)
        free_at = happened[-1].at
    return happened


def _played(
    moment: Moment,
    episode: EpisodeInfo,
    liking: float,
    starts: datetime,
    random: np.random.Generator,
) -> list[Happening]:
    if random.random() < skip_probability(liking):
        return [_happening(moment, episode.episode_id, "skip", starts, random)]
    share = float(random.beta(share_exponent(liking), 1))
    ended = starts + timedelta(seconds=share * episode.duration_s)
    happened = [
        _happening(
            moment, episode.episode_id, "play", ended, random, completed_share=round(share, 3)
        )
    ]
    if share > FINISHED_SHARE and random.random() < LIKE_SHARE:
        happened.append(_happening(moment, episode.episode_id, "like", ended, random))
        if random.random() < UNLIKE_SHARE:
            happened.append(
                _happening(
                    moment, episode.episode_id, "unlike", ended + timedelta(minutes=5), random
                )
            )
    return happened


def _happening(
    moment: Moment,
    episode_id: str,
    kind: str,
    at: datetime,
    random: np.random.Generator,
    **detail: float | str,
) -> Happening:
    return Happening(at, random.bytes(10).hex(), moment.user_id, episode_id, kind, detail)
