"""What `vectors` reads besides the day's transcripts: other episodes, and existing vectors."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.boilerplate import recurring_runs, word_hashes
from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.content.similarity.vectors import vector_matrix
from podrec_assets.day_windows import latest
from podrec_assets.schemas import EPISODES, TRANSCRIPTS, VECTORS
from podrec_assets.stores.delta import Lake, on_days

REFERENCE_EPISODES = 40
"""Episodes of a show, nearest in time, that are searched for recurring text.

Intros change over the years. Once a day has this many episodes on both sides, its result is final.
"""
LOG_EVERY = 20
"""Per cent of the work between two lines of progress."""


def recurring_of_shows(lake: Lake, transcripts: pa.Table) -> dict[str, np.ndarray]:
    """Returns, by episode_id with text, the recurring text of its show around its day."""
    texts = _texts(transcripts)
    episodes = latest(lake.read(EPISODES.name, columns=("day", "episode_id", "show_id")))
    shows = {r["episode_id"]: r["show_id"] for r in episodes.to_pylist()}
    wanted = {shows[e] for e in texts if e in shows}
    days: dict[str, dict[str, date]] = defaultdict(dict)
    for row in episodes.to_pylist():
        if row["show_id"] in wanted:
            days[row["show_id"]][row["episode_id"]] = row["day"]
    # For episodes of this run its own texts count: the table may lack them, or have older ones.
    others = {e: d for of_show in days.values() for e, d in of_show.items() if e not in texts}
    words = _word_hashes(lake, others) | {e: word_hashes(text) for e, (_, text) in texts.items()}
    recurring: dict[str, np.ndarray] = {}
    by_reference: dict[frozenset[str], np.ndarray] = {}
    for episode, (day, _) in texts.items():
        of_show = days[shows.get(episode, "")]
        nearest = sorted((abs(d - day), e) for e, d in of_show.items() if e in words)
        reference = frozenset([*(e for _, e in nearest[:REFERENCE_EPISODES]), episode])
        if reference not in by_reference:
            by_reference[reference] = recurring_runs([words[e] for e in sorted(reference)])
        recurring[episode] = by_reference[reference]
    return recurring


def encoded_before(lake: Lake, transcripts: pa.Table, version: str) -> dict[str, np.ndarray]:
    """Returns, by text, the vectors that the episodes' chunks have in this embedding version.

    They may be on any day.
    """
    names = transcripts["episode_id"].unique().to_pylist()
    announced = lake.read_equal(EPISODES.name, "episode_id", names, ("day",))["day"].to_pylist()
    days = {*announced, *transcripts["day"].to_pylist()}
    columns, where = ("text", "vector"), on_days(days)
    rows = lake.read_equal(VECTORS.name, "embedding_version", version, columns, where)
    return dict(zip(rows["text"].to_pylist(), vector_matrix(rows["vector"]), strict=True))


def logged(log: Callable[[str], None]) -> Progress:
    """Returns a progress callback that logs about every LOG_EVERY per cent."""
    logged_percent = 0

    def report(done: int, total: int) -> None:
        nonlocal logged_percent
        percent = 100 * done // total
        if percent >= logged_percent + LOG_EVERY or done == total:
            logged_percent = percent
            log(f"encoded {done} of {total} chunks ({percent} %)")

    return report


def _texts(transcripts: pa.Table) -> dict[str, tuple[date, str]]:
    """Returns (day, text) by episode_id, for transcripts with text."""
    rows = transcripts.select(["day", "episode_id", "status", "text"]).to_pylist()
    return {
        r["episode_id"]: (r["day"], r["text"]) for r in rows if r["status"] == "ok" and r["text"]
    }


def _word_hashes(lake: Lake, days: dict[str, date]) -> dict[str, np.ndarray]:
    """Returns, by episode_id, the word hashes of the episodes' transcripts on their days."""
    if not days:
        return {}
    where = f"status = 'ok' AND {on_days(days.values())}"
    columns = ("episode_id", "text")
    rows = lake.read_equal(TRANSCRIPTS.name, "episode_id", sorted(days), columns, where)
    return {r["episode_id"]: word_hashes(r["text"]) for r in rows.to_pylist() if r["text"]}
