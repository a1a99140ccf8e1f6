"""What the making of vectors reads beside the day's transcripts: the show's other episodes, and
what is encoded already.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.boilerplate import recurring_runs, word_hashes
from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.content.similarity.nearest_neighbours import matrix
from podrec_assets.day_windows import latest
from podrec_assets.stores.delta import Lake, is_one_of

REFERENCE_EPISODES = 40
"""Episodes of a show, nearest in time, in which its boilerplate is looked for: intros change over
the years, and once there are so many on both sides of a day, what is left out of it never changes
again.
"""
LOG_EVERY = 20
"""Per cent of the work between two lines of progress."""


def recurring_of_shows(lake: Lake, transcripts: pa.Table) -> dict[str, np.ndarray]:
    """episode_id -> the recurring runs of its show around its day, for each transcript with text."""
    mine = _with_text(transcripts)
    episodes = latest(lake.read("episodes", columns=("day", "episode_id", "show_id")))
    shows = dict(
        zip(episodes["episode_id"].to_pylist(), episodes["show_id"].to_pylist(), strict=True)
    )
    wanted = {shows[e] for e in mine if e in shows}
    days: dict[str, dict[str, date]] = defaultdict(dict)
    for row in episodes.to_pylist():
        if row["show_id"] in wanted:
            days[row["show_id"]][row["episode_id"]] = row["day"]
    # Of episodes of this run the run's own texts count: the table may not have them yet, or may
    # have older ones.
    others = _words(
        lake, {e: d for of_show in days.values() for e, d in of_show.items() if e not in mine}
    )
    words = others | {e: word_hashes(text) for e, (_, text) in mine.items()}
    found, made = {}, {}
    for episode, (day, _) in mine.items():
        around = sorted(
            (e for e in days[shows.get(episode, "")] if e in words),
            key=lambda e: (abs(days[shows[e]][e] - day), e),
        )
        reference = frozenset([*around[:REFERENCE_EPISODES], episode])
        if reference not in made:
            made[reference] = recurring_runs([words[e] for e in sorted(reference)])
        found[episode] = made[reference]
    return found


def encoded_before(lake: Lake, transcripts: pa.Table, version: str) -> dict[str, np.ndarray]:
    """text -> vector of the episodes' chunks that the table holds in this embedding version,
    whatever day they are on.
    """
    names = transcripts["episode_id"].unique().to_pylist()
    announced = lake.read_equal("episodes", "episode_id", names, ("day",))["day"].to_pylist()
    days = {*announced, *transcripts["day"].to_pylist()}
    on_days = is_one_of("day", sorted(map(str, days)))
    rows = lake.read_equal("vectors", "embedding_version", version, ("text", "vector"), on_days)
    return dict(zip(rows["text"].to_pylist(), matrix(rows["vector"]), strict=True))


def logged(log: Callable[[str], None]) -> Progress:
    """Progress that is logged about every LOG_EVERY per cent."""
    reached = 0

    def report(done: int, total: int) -> None:
        nonlocal reached
        share = 100 * done // total
        if share >= reached + LOG_EVERY or done == total:
            reached = share
            log(f"encoded {done} of {total} chunks ({share} %)")

    return report


def _with_text(transcripts: pa.Table) -> dict[str, tuple[date, str]]:
    rows = transcripts.select(["day", "episode_id", "status", "text"]).to_pylist()
    return {
        r["episode_id"]: (r["day"], r["text"]) for r in rows if r["status"] == "ok" and r["text"]
    }


def _words(lake: Lake, days: dict[str, date]) -> dict[str, np.ndarray]:
    """episode_id -> word hashes of the transcripts of episodes, given with their days."""
    if not days:
        return {}
    on_days = is_one_of("day", sorted({str(day) for day in days.values()}))
    where = f"status = 'ok' AND {on_days}"
    rows = lake.read_equal("transcripts", "episode_id", sorted(days), ("episode_id", "text"), where)
    return {
        e: word_hashes(t)
        for e, t in zip(rows["episode_id"].to_pylist(), rows["text"].to_pylist(), strict=True)
        if t
    }
