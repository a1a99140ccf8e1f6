"""What must hold before lists are published. Pure."""

import math

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.schemas import NEWCOMER


def list_problems(documents: list[dict], history: Interactions) -> list[str]:
    """One sentence for each fault of the lists; none means they may be published."""
    lists = {d["user_id"]: d["items"] for d in documents}
    problems = [f"{user or 'newcomers'} has no list" for user in (NEWCOMER, *history.users) if user not in lists]
    for user, items in sorted(lists.items()):
        name, episodes = user or "newcomers", [i["episode_id"] for i in items]
        barred = history.seen.get(user, set()) | history.unliked.get(user, set())
        if barred & set(episodes):
            problems.append(f"{name} is shown {len(barred & set(episodes))} heard or unliked episodes")
        if len(set(episodes)) < len(episodes):
            problems.append(f"{name} is shown an episode twice")
        if [i["rank"] for i in items] != list(range(1, len(items) + 1)):
            problems.append(f"{name} has ranks that are not 1 to {len(items)}")
        scores = [i["score"] for i in items]
        if not all(map(math.isfinite, scores)) or scores != sorted(scores, reverse=True):
            problems.append(f"{name} has scores that are not finite and falling")
        if any(not i["reason"] for i in items):
            problems.append(f"{name} has an item without a reason")
    return problems
