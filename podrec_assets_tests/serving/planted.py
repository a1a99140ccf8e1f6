"""A small planted lake without Kafka: two tastes with a show each; its runs take seconds."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from podrec_assets.cli.run import materialize
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, USER_VS_EPISODE_DAILY, VECTORS

TASTES = ("a", "b")
EPISODES_EACH, LISTENERS_EACH, DAYS = 10, 8, 6
MODELS = "als_top_n similarities fusion_weights final_recommendations"
ALL = f"{MODELS} publication"


def plant(connections: Connections, today: date) -> None:
    """Plants episodes a0.. and b0..; listener a-N plays aN, aN+1, ..., one a day up to today."""
    begin = today - timedelta(days=DAYS - 1)
    add_episodes(connections, begin, [f"{t}{n}" for t in TASTES for n in range(EPISODES_EACH)])
    days = [begin + timedelta(days=n) for n in range(DAYS)]
    heard = [
        play(day, f"{t}-{u}", f"{t}{(u + n) % EPISODES_EACH}")
        for n, day in enumerate(days)
        for t in TASTES
        for u in range(LISTENERS_EACH)
    ]
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows(heard), days)


def add_episodes(connections: Connections, day: date, names: list[str]) -> None:
    """Replaces a day's episodes and vectors; later days without any count as written and empty."""
    at = datetime.combine(day, time(), UTC) - timedelta(days=40)
    random = np.random.default_rng(7)
    episodes, vectors = [], []
    for name in names:
        direction = np.array(
            [1.0, 0.0, 0.0] if name[0] == "a" else [0.0, 1.0, 0.0]
        ) + random.normal(0, 0.1, 3)
        own = {"day": day, "episode_id": name}
        episodes.append(own | {
            "show_id": f"show-{name[0]}", "show_title": f"Show {name[0].upper()}",
            "title": f"Episode {name}", "is_serial": False, "published_at": at,
        })  # fmt: skip
        vectors.append(own | {
            "chunk": 0, "start_s": 0.0, "end_s": 30.0,
            "text": f"{name[0] * 4} topic {name} {name[0] * 3} word", "token_count": 5,
            "vector": (direction / np.linalg.norm(direction)).tolist(),
            "embedding_version": "planted",
        })  # fmt: skip
    for table, rows in ((EPISODES, episodes), (VECTORS, vectors)):
        connections.lake.replace_days(table, table.rows(rows), [day])
        later = [day + timedelta(days=n) for n in range(1, DAYS)]
        missing = [d for d in later if d not in connections.lake.state(table.name).days]
        if missing:
            connections.lake.replace_days(table, table.empty(), missing)


def play(day: date, user: str, episode: str) -> dict:
    """Returns a daily row of one finished play."""
    counts = dict.fromkeys(
        ("like_count", "unlike_count", "skip_count", "impression_count", "click_count"), 0
    )
    at = datetime.combine(day, time(12), UTC)
    return {
        "day": day, "user_id": user, "episode_id": episode, "score": 3.0, "play_count": 1,
        **counts, "max_completed_share": 0.95, "last_at": at,
    }  # fmt: skip


def run(connections: Connections, day: date, select: str = ALL) -> dict:
    """Runs the day in Dagster, on the world's own instance."""
    return materialize(connections.settings, select, day, day)
