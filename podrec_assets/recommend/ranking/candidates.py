"""The episodes that lists are made of, as arrays: what is alive, new and popular, and in which
order a serial is heard. Pure.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.interactions import Interactions

FRESH_DAYS = 7
AHEAD_DAYS = 1 / 24
"""How far past the end of the day a publication may be dated: publishers' clocks differ. What is
dated later is not out yet.
"""


@dataclass(frozen=True)
class Shelf:
    """Episodes in order of their ids, a column each in every array of the blend.

    Attributes:
        ids: those of the catalogue and, so that they can speak for others, those that were only
            heard.
        rows: by id, the row of EPISODES; what was only heard has none and is never recommended.
        shows: (columns,) number of the show; each episode without a row is a show of its own.
        is_offered: (columns,) whether an episode may be in a list: it is of the catalogue, is out,
            and its show is alive.
        freshness: (columns,) 1 for what came out at the end of the day, 0 after FRESH_DAYS and
            before it comes out.
        popularity: (columns,) decayed plays over the largest, 0 to 1.
        listener_count: (columns,) listeners who heard it.
    """

    ids: list[str]
    rows: dict[str, dict]
    shows: np.ndarray
    is_offered: np.ndarray
    freshness: np.ndarray
    popularity: np.ndarray
    listener_count: np.ndarray

    @cached_property
    def column(self) -> dict[str, int]:
        """episode_id -> column."""
        return {e: j for j, e in enumerate(self.ids)}

    @cached_property
    def serials(self) -> list[np.ndarray]:
        """Of each show that is to be heard in order, the columns of its parts in that order."""
        parts: dict[str, list[tuple]] = {}
        for episode, row in self.rows.items():
            if row["is_serial"]:
                published = row["published_at"] or datetime.max.replace(tzinfo=UTC)
                place = (row["season"] or 0, row["episode_number"] or 0, published, episode)
                parts.setdefault(row["show_id"], []).append(place)
        return [
            np.array([self.column[part[-1]] for part in sorted(found)])
            for _, found in sorted(parts.items())
        ]

    def columns(self, episodes: set[str]) -> list[int]:
        """Columns of those episodes that have one, in order: sums over them must not depend on how
        a set lies in memory.
        """
        return sorted(self.column[e] for e in episodes if e in self.column)

    def title(self, episode: str | None) -> str | None:
        """Title of an episode of the catalogue."""
        return self.rows[episode]["title"] if episode in self.rows else None


def make_shelf(
    history: Interactions, episodes: pa.Table, as_of: date, dead_show_days: int
) -> Shelf:
    """The shelf as of the end of a day.

    Args:
        history: listening up to the day.
        episodes: rows of EPISODES, each episode once.
        as_of: the day.
        dead_show_days: a show that has brought nothing for longer, and that nobody plays, is not
            offered; unless all are such.
    """
    rows = {e["episode_id"]: e for e in episodes.to_pylist()}
    ids = sorted(
        rows.keys() | set(history.items) | {e for heard in history.seen.values() for e in heard}
    )
    end = datetime.combine(as_of + timedelta(days=1), time(), UTC)
    ages = [_age_days(rows[e], end) if e in rows else None for e in ids]
    names, shows = np.unique(
        [rows[e]["show_id"] if e in rows else f"\0{e}" for e in ids], return_inverse=True
    )
    plays = np.array([history.recent_plays.get(e, 0.0) for e in ids])
    alive = np.bincount(shows, weights=plays, minlength=len(names)) > 0
    alive[
        [s for s, age in zip(shows, ages, strict=True) if age is None or age <= dead_show_days]
    ] = True
    out = np.array(
        [
            e in rows and (age is None or age >= -AHEAD_DAYS)
            for e, age in zip(ids, ages, strict=True)
        ],
        dtype=bool,
    )
    offered = out & alive[shows] if len(ids) else out
    count: dict[str, int] = {}
    for heard in history.seen.values():
        for episode in heard:
            count[episode] = count.get(episode, 0) + 1
    return Shelf(
        ids,
        rows,
        shows,
        offered if offered.any() else out,
        np.array(
            [
                max(0.0, 1 - age / FRESH_DAYS) if age is not None and age >= 0 else 0.0
                for age in ages
            ]
        ),
        plays / max(plays.max(initial=0.0), 1e-9),
        np.array([count.get(e, 0) for e in ids]),
    )


def _age_days(row: dict, end: datetime) -> float | None:
    return (end - row["published_at"]).total_seconds() / 86_400 if row["published_at"] else None
