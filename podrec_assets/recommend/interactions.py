"""What listeners did, as the models see it: a sparse matrix of damped, decayed scores, and what
each one has heard. Pure.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.damping import damped
from podrec_assets.schemas.listening import FINISHED_SHARE, HEARD_SHARE

SUMMED = ("score", "likes", "plays", "skips", "unlikes", "shared", "recent", "exposures")
LARGEST = ("share", "recency")
Values = dict[str, dict[str, float]]
"""By listener and episode."""


@dataclass(frozen=True)
class Interactions:
    """Listening up to a day.

    Attributes:
        users: listeners in order; rows of the matrix.
        items: episodes in order; columns of the matrix.
        matrix: damped decayed sums of positive daily scores, 1 in the mean; nothing for what was
            only skipped.
        seen: by listener, episodes heard (see HEARD_SHARE).
        unliked: by listener, episodes whose likes were taken back.
        finished: by listener, episode -> furthest share, for those liked or played past
            FINISHED_SHARE.
        recent_plays: by episode, decayed number of listeners, for popularity.
        recency: by listener, episode -> decay of the latest day with any event, 1 for the last day;
            absent counts 1.
        exposures: by listener, episode -> decayed number of times it was shown, or put aside by a skip.
        heard_before: by listener, episodes heard or unliked before the days that are learned from.
    """

    users: list[str]
    items: list[str]
    matrix: csr_matrix
    seen: dict[str, set[str]]
    unliked: dict[str, set[str]]
    finished: dict[str, dict[str, float]]
    recent_plays: dict[str, float]
    recency: dict[str, dict[str, float]] = field(default_factory=dict)
    exposures: dict[str, dict[str, float]] = field(default_factory=dict)
    heard_before: dict[str, set[str]] = field(default_factory=dict)

    def excluded(self, user: str) -> set[str]:
        """Episodes that are never recommended to a listener again, however long ago they were heard
        or unliked.
        """
        return set().union(
            *(found.get(user, ()) for found in (self.seen, self.unliked, self.heard_before))
        )


def interactions(daily: pa.Table, as_of: date, half_life_days: float) -> Interactions:
    """Interactions from rows of USER_VS_EPISODE_DAILY up to `as_of`; a day's score halves every
    `half_life_days`.

    What was only skipped is no preference: it stays out of the matrix, and may be recommended
    again.
    """
    pairs = _pairs(daily.filter(pc.field("day") <= as_of), as_of, half_life_days)
    users, user = _numbered(pairs["user_id"])
    items, item = _numbered(pairs["episode_id"])
    of = {
        name: pairs[f"{name}_{how}"].to_numpy()
        for how, group in (("sum", SUMMED), ("max", LARGEST))
        for name in group
    }
    # An unlike takes back a like, never a share.
    liked = (of["likes"] > 0) | (of["shared"] > 0)
    only_skipped = (of["skips"] > 0) & (of["plays"] == 0) & ~liked
    told = (of["score"] > 0) & ~only_skipped
    popularity = np.bincount(item, weights=of["recent"], minlength=len(items))

    def values(chosen: np.ndarray, what: np.ndarray) -> Values:
        found: Values = {name: {} for name in users}
        for u, i, value in zip(
            user[chosen].tolist(), item[chosen].tolist(), what[chosen].tolist(), strict=True
        ):
            found[users[u]][items[i]] = value
        return found

    def sets(chosen: np.ndarray) -> dict[str, set[str]]:
        return {name: set(row) for name, row in values(chosen, of["share"]).items()}

    return Interactions(
        users,
        items,
        csr_matrix(
            (damped(of["score"][told]), (user[told], item[told])),
            shape=(len(users), len(items)),
            dtype=np.float64,
        ),
        seen=sets((of["share"] >= HEARD_SHARE) | liked),
        unliked=sets((of["unlikes"] > 0) & ~liked),
        finished=values((of["share"] > FINISHED_SHARE) | liked, of["share"]),
        recent_plays={items[i]: float(popularity[i]) for i in np.flatnonzero(popularity)},
        recency=values(of["recency"] > 0, of["recency"]),
        exposures=values(of["exposures"] > 0, of["exposures"]),
    )


def share_of(row: dict) -> float:
    """Furthest play of a daily row. One whose length nobody told counts as heard: it must not be
    recommended again.
    """
    if row["max_completed_share"] is None:
        return HEARD_SHARE if row["play_count"] else 0.0
    return row["max_completed_share"]


def _pairs(rows: pa.Table, as_of: date, half_life_days: float) -> pa.Table:
    """One row for each listener and episode, in their order: sums of SUMMED and largest of LARGEST
    over the days.
    """
    rows = rows.sort_by([(name, "ascending") for name in ("user_id", "episode_id", "day")])
    ages = np.datetime64(as_of, "D") - rows["day"].to_numpy().astype("datetime64[D]")
    decay = 0.5 ** (ages.astype(np.float64) / half_life_days)
    plays, likes, unlikes, skips, shown, shared = (
        pc.fill_null(rows[f"{kind}_count"], 0).to_numpy()
        for kind in ("play", "like", "unlike", "skip", "impression", "share")
    )
    share = rows["max_completed_share"].to_numpy()
    columns = {
        "user_id": rows["user_id"],
        "episode_id": rows["episode_id"],
        "score": decay * rows["score"].to_numpy(),
        "likes": likes - unlikes,
        "plays": plays,
        "skips": skips,
        "unlikes": unlikes,
        "shared": shared,
        "recent": np.where(plays > 0, decay, 0.0),
        "exposures": decay * np.where(shown > 0, shown, np.minimum(skips, 1)),
        "share": np.where(np.isnan(share), np.where(plays > 0, HEARD_SHARE, 0.0), share),
        "recency": decay,
    }
    # One thread: the order of a sum is part of its bytes.
    grouped = pa.table(columns).group_by(["user_id", "episode_id"], use_threads=False)
    return grouped.aggregate(
        [*((name, "sum") for name in SUMMED), *((name, "max") for name in LARGEST)]
    )


def _numbered(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The distinct texts in order, and the place of each row's text among them."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    places = np.empty(len(texts), dtype=np.int64)
    order = sorted(range(len(texts)), key=texts.__getitem__)
    places[order] = np.arange(len(texts))
    return [texts[n] for n in order], places[encoded.indices.to_numpy()]
