"""The value of a list in the simulated world: click-through, best list and regret. Pure."""

from dataclasses import dataclass

import numpy as np

from podrec_assets.schemas import NEWCOMER
from podrec_assets.simulation.world import Moment, World, examination


@dataclass(frozen=True)
class Outcome:
    """The expected click-through of a listener's list, and of the best list of that length."""

    user_id: str
    is_cold: bool
    click_through: float
    best: float

    @property
    def regret(self) -> float:
        """Click-through lost against the best list, 0 or more."""
        return self.best - self.click_through


@dataclass(frozen=True)
class Summary:
    """Means over listeners; `ratio` is the mean click-through divided by the mean best one."""

    user_count: int
    click_through: float
    best: float
    ratio: float
    regret: float


def expected_click_through(world: World, moment: Moment, shown: list[str], places: int) -> float:
    """Returns the exact expected clicks on a list per place, from 0 to 1.

    Args:
        world: the world.
        moment: the listener, and when the list is shown.
        shown: ranked episode ids. Only the first `places` count. Empty places, repeated and
            unavailable episodes earn nothing.
        places: length of the list, at least 1.

    Raises:
        KeyError: an episode is not in the world.
    """
    attraction = world.attraction(moment)
    first_place = {episode: place for place, episode in reversed(list(enumerate(shown[:places])))}
    examined = examination(places)
    clicks = sum(
        examined[place] * attraction[world.index[episode]] for episode, place in first_place.items()
    )
    return float(clicks) / places


def best_list(world: World, moment: Moment, places: int) -> list[str]:
    """Returns the list with the highest expected click-through; shorter if too little is available.

    It ranks episodes by attraction, ties by id: by the rearrangement inequality no other list earns
    more, because examination falls with the position.
    """
    attraction = world.attraction(moment)
    order = np.argsort(-attraction, kind="stable")[:places]
    return [world.episodes[i].episode_id for i in order if attraction[i] > 0]


def regret(world: World, moment: Moment, shown: list[str], places: int) -> float:
    """Returns the expected click-through that a list loses against the best one of that length."""
    best = expected_click_through(world, moment, best_list(world, moment, places), places)
    return best - expected_click_through(world, moment, shown, places)


def play_lists(
    world: World, documents: list[dict], moments: list[Moment], places: int
) -> list[Outcome]:
    """Scores a recommender's lists: returns one outcome for each moment, in order.

    Args:
        world: the world.
        documents: {"user_id", "items": [{"episode_id"}]} as in final_recommendations. Listeners
            without a list get NEWCOMER's, or an empty one.
        moments: the listeners, and when they are shown their lists.
        places: length of a list.
    """
    shown = {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}
    outcomes = []
    for moment in moments:
        ranked = shown.get(moment.user_id, shown.get(NEWCOMER, []))
        click_through = expected_click_through(world, moment, ranked, places)
        best = expected_click_through(world, moment, best_list(world, moment, places), places)
        is_cold = world.is_cold(moment.user_id, moment.at.date())
        outcomes.append(Outcome(moment.user_id, is_cold, click_through, best))
    return outcomes


def summaries(outcomes: list[Outcome]) -> dict[str, Summary]:
    """Returns summaries of `all`, `warm` and `cold` listeners; empty groups are left out."""
    groups = {
        "all": outcomes,
        "warm": [o for o in outcomes if not o.is_cold],
        "cold": [o for o in outcomes if o.is_cold],
    }
    return {name: _summary(group) for name, group in groups.items() if group}


def _summary(outcomes: list[Outcome]) -> Summary:
    click_through = float(np.mean([o.click_through for o in outcomes]))
    best = float(np.mean([o.best for o in outcomes]))
    ratio = click_through / best if best else 1.0
    return Summary(len(outcomes), click_through, best, ratio, best - click_through)
