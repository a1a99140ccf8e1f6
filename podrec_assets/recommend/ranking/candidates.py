"""The catalogue as arrays: which episodes may be listed, how new and how popular they are. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

import numpy as np

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.inputs import RankingInputs

FRESH_DAYS = 7
MAX_AHEAD_DAYS = 1 / 24
"""How far past the end of the day an episode may be dated, since publishers' clocks differ. One
dated later is not out yet.
"""


@dataclass(frozen=True)
class Candidates:
    """Episodes in order of their ids; each is one column of every array of the blend.

    Attributes:
        ids: episodes of the catalogue, and heard episodes outside it as evidence for others.
        rows: row of EPISODES by id; heard episodes outside the catalogue have none and are never
            recommended.
        shows: (columns,) show number; an episode without a row is a show of its own.
        is_offered: (columns,) whether the episode may be listed: in the catalogue, already out, not
            withdrawn, and of a live show.
        freshness: (columns,) 1 for an episode published at the end of the day, falling to 0 after
            FRESH_DAYS; 0 before publication.
        popularity: (columns,) decayed plays divided by the largest, 0 to 1.
        listener_count: (columns,) listeners who played it.
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
        """Column by episode_id."""
        return {e: j for j, e in enumerate(self.ids)}

    @cached_property
    def serials(self) -> list[np.ndarray]:
        """For each serial show, the columns of its parts in listening order."""
        parts: dict[str, list[tuple]] = {}
        for episode, row in self.rows.items():
            if row["is_serial"]:
                published = row["published_at"] or datetime.max.replace(tzinfo=UTC)
                place = (row["season"] or 0, row["episode_number"] or 0, published, episode)
                parts.setdefault(row["show_id"], []).append(place)
        return [
            np.array([self.column[episode] for *_, episode in sorted(places)])
            for _, places in sorted(parts.items())
        ]

    def columns(self, episodes: set[str]) -> list[int]:
        """Columns of the episodes that have one, ascending.

        Sorted because sums over them must not depend on the iteration order of a set.
        """
        return sorted(self.column[e] for e in episodes if e in self.column)

    def title(self, episode: str | None) -> str | None:
        """Title of an episode of the catalogue, None for any other."""
        return self.rows[episode]["title"] if episode in self.rows else None


def build_candidates(inputs: RankingInputs, dead_show_days: int) -> Candidates:
    """Returns the candidates as of the end of a day.

    Args:
        inputs: the day's listening, catalogue and withdrawn episodes.
        dead_show_days: a show without a newer episode and without recent plays is dead and not
            offered, unless every show is.
    """
    history = inputs.history
    rows = {e["episode_id"]: e for e in inputs.episodes.to_pylist()}
    ids = sorted(
        rows.keys() | set(history.items) | {e for heard in history.seen.values() for e in heard}
    )
    end = datetime.combine(inputs.as_of + timedelta(days=1), time(), UTC)
    ages = [_age_days(rows[e], end) if e in rows else None for e in ids]
    _, shows = np.unique(
        [rows[e]["show_id"] if e in rows else f"\0{e}" for e in ids], return_inverse=True
    )
    plays = np.array([history.recent_plays.get(e, 0.0) for e in ids])
    out = [
        e in rows and e not in inputs.withdrawn and (age is None or age >= -MAX_AHEAD_DAYS)
        for e, age in zip(ids, ages, strict=True)
    ]
    return Candidates(
        ids,
        rows,
        shows,
        _offered(np.array(out, dtype=bool), shows, plays, ages, dead_show_days),
        np.array([_freshness(age) for age in ages]),
        plays / max(plays.max(initial=0.0), 1e-9),
        _listener_counts(history, ids),
    )


def _age_days(row: dict, end: datetime) -> float | None:
    return (end - row["published_at"]).total_seconds() / 86_400 if row["published_at"] else None


def _freshness(age_days: float | None) -> float:
    if age_days is None or age_days < 0:
        return 0.0
    return max(0.0, 1 - age_days / FRESH_DAYS)


def _offered(
    out: np.ndarray,
    shows: np.ndarray,
    plays: np.ndarray,
    ages: list[float | None],
    dead_show_days: int,
) -> np.ndarray:
    """(columns,) published episodes of live shows, or all published ones if no show is live."""
    if not len(out):
        return out
    is_alive = np.bincount(shows, weights=plays) > 0
    recent = [age is None or age <= dead_show_days for age in ages]
    is_alive[shows[recent]] = True
    offered = out & is_alive[shows]
    return offered if offered.any() else out


def _listener_counts(history: Interactions, ids: list[str]) -> np.ndarray:
    count: dict[str, int] = {}
    for user in history.users:
        for episode in history.played(user):
            count[episode] = count.get(episode, 0) + 1
    return np.array([count.get(e, 0) for e in ids])
