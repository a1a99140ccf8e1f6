"""What a list is worth in the world: expected click-through, the best list, regret, and whole
recommenders side by side. Pure.
"""

from dataclasses import dataclass

import numpy as np

from podrec_assets.schemas import NEWCOMER
from podrec_assets.simulation.world import Moment, World, examination


@dataclass(frozen=True)
class Outcome:
    """One listener's list: its expected click-through and that of the best list of as many places."""

    user_id: str
    is_cold: bool
    click_through: float
    best: float

    @property
    def regret(self) -> float:
        """Click-through that the list misses, 0 or more."""
        return self.best - self.click_through


@dataclass(frozen=True)
class Summary:
    """Means over listeners; `ratio` is the mean click-through over the mean of the best."""

    user_count: int
    click_through: float
    best: float
    ratio: float
    regret: float


def expected_click_through(world: World, moment: Moment, shown: list[str], places: int) -> float:
    """Expected clicks on a list, over its places: 0 to 1. Exact.

    Args:
        world: the world.
        moment: who looks, and when.
        shown: episode ids in order; the first `places` count, places without an episode earn
            nothing, nor does an episode that is already above or is not available.
        places: length of the list, at least 1.

    Raises:
        KeyError: the world knows no such episode.
    """
    attraction = world.attraction(moment)
    unique = {episode: place for place, episode in reversed(list(enumerate(shown[:places])))}
    seen = examination(places)
    return (
        float(
            sum(seen[place] * attraction[world.index[episode]] for episode, place in unique.items())
        )
        / places
    )


def best_list(world: World, moment: Moment, places: int) -> list[str]:
    """The list of so many places with the highest expected click-through; shorter where less is
    available. Ties by id.

    The most attractive goes where most is looked at: by the rearrangement inequality no other list
    earns more.
    """
    attraction = world.attraction(moment)
    order = np.argsort(-attraction, kind="stable")[:places]
    return [world.episodes[i].episode_id for i in order if attraction[i] > 0]


def regret(world: World, moment: Moment, shown: list[str], places: int) -> float:
    """Expected click-through that a list misses beside the best one of as many places."""
    best = expected_click_through(world, moment, best_list(world, moment, places), places)
    return best - expected_click_through(world, moment, shown, places)


def play_lists(
    world: World, documents: list[dict], moments: list[Moment], places: int
) -> list[Outcome]:
    """What a recommender's lists earn: an outcome for each moment, in order.

    Args:
        world: the world.
        documents: {"user_id", "items": [{"episode_id"}]} as in final_recommendations. Who has no
            list gets that of NEWCOMER, without one an empty list.
        moments: who looks, and when.
        places: length of a list.
    """
    shown = {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}
    outcomes = []
    for moment in moments:
        mine = shown.get(moment.user_id, shown.get(NEWCOMER, []))
        earned = expected_click_through(world, moment, mine, places)
        best = expected_click_through(world, moment, best_list(world, moment, places), places)
        outcomes.append(
            Outcome(moment.user_id, world.is_cold(moment.user_id, moment.at.date()), earned, best)
        )
    return outcomes


def summaries(outcomes: list[Outcome]) -> dict[str, Summary]:
    """Summaries of `all`, `warm` and `cold` listeners; a group without listeners is absent."""
    groups = {
        "all": outcomes,
        "warm": [o for o in outcomes if not o.is_cold],
        "cold": [o for o in outcomes if o.is_cold],
    }
    return {name: _summary(group) for name, group in groups.items() if group}


def _summary(outcomes: list[Outcome]) -> Summary:
    earned = float(np.mean([o.click_through for o in outcomes]))
    best = float(np.mean([o.best for o in outcomes]))
    return Summary(len(outcomes), earned, best, earned / best if best else 1.0, best - earned)
