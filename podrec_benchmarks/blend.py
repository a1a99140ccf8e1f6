"""CPU time and memory of the blend at two sizes, and the cost per listener at each.

Run with `python -m podrec_benchmarks.blend [LISTENERS EPISODES]`; the default is 10,000 listeners
and 5,000 episodes, and a tenth of both.
"""

import resource
import sys
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
from rich.console import Console
from scipy.sparse import csr_matrix

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import EPISODES
from podrec_assets.settings import Settings

TODAY = date(2026, 11, 1)
HEARD, EXPOSED, SHOW_SIZE, NEIGHBOURS = 40, 80, 25, 20


def planted(users: int, episodes: int) -> tuple[Interactions, list[dict], list[dict], list[dict]]:
    """Returns (history, als, similarities, rows of EPISODES); each listener heard HEARD of them."""
    random = np.random.default_rng(7)
    ids, names = [f"e{n:06}" for n in range(episodes)], [f"u{n:06}" for n in range(users)]
    heard = random.integers(0, episodes, (users, HEARD))
    exposures = random.integers(0, episodes, (users, EXPOSED))
    seen = {u: {ids[e] for e in heard[n]} for n, u in enumerate(names)}
    history = Interactions(
        names,
        ids,
        csr_matrix((users, episodes)),
        seen,
        {u: set() for u in names},
        {u: dict.fromkeys(sorted(heard)[: HEARD // 2], 1.0) for u, heard in seen.items()},
        {ids[e]: float(n) for e, n in enumerate(np.bincount(heard.ravel(), minlength=episodes))},
        {},
        {u: dict.fromkeys((ids[e] for e in exposures[n]), 1.0) for n, u in enumerate(names)},
    )
    als = [
        {
            "user_id": u,
            "items": [
                {
                    "episode_id": ids[e],
                    "score": float(s),
                    "because": ids[heard[n, 0]],
                    "listener_count": 3,
                }
                for e, s in zip(random.integers(0, episodes, 50), random.random(50), strict=True)
            ],
        }
        for n, u in enumerate(names)
    ]
    passage = {"here_s": 1.0, "here_text": "words", "there_s": 2.0, "there_text": "words"}
    near = [
        {
            "episode_id": e,
            "items": [
                {"episode_id": ids[o], "score": float(s), **passage}
                for o, s in zip(
                    random.integers(0, episodes, NEIGHBOURS), random.random(NEIGHBOURS), strict=True
                )
            ],
        }
        for e in ids
    ]
    moment = datetime(2026, 10, 31, tzinfo=UTC)
    rows = [
        {
            "day": TODAY,
            "episode_id": e,
            "show_id": f"s{n // SHOW_SIZE}",
            "show_title": "Show",
            "title": e,
            "is_serial": n // SHOW_SIZE % 10 == 0,
            "episode_number": n,
            "published_at": moment - timedelta(days=n % 300),
        }
        for n, e in enumerate(ids)
    ]
    return history, als, near, rows


def main() -> None:
    """Times both sizes and prints the cost per listener and how it grows."""
    large = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) == 3 else (10_000, 5_000)
    shape, console = BlendConfig.from_settings(Settings.load()), Console(highlight=False)
    costs = []
    for users, episodes in ((large[0] // 10, large[1] // 10), large):
        history, als, near, rows = planted(users, episodes)
        began = time.process_time()
        inputs = RankingInputs(history, als, near, EPISODES.rows(rows), TODAY)
        documents = recommend(inputs, [{"min_history": 0, "alpha": 0.5}], shape)
        took = time.process_time() - began
        assert all(len(d["items"]) == shape.list_length for d in documents)
        costs.append(took / users)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cost = f"{took:.1f} s of CPU, {took / users * 1e3:.2f} ms a listener, peak {peak:.0f} MB"
        console.print(f"{users} listeners x {episodes} episodes: {cost}")
    console.print(
        f"with 10 times the episodes a listener costs {costs[1] / costs[0]:.2f} times as much"
    )


if __name__ == "__main__":
    main()
