"""Listening as the models see it: a sparse matrix of scores, and what each listener heard. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import damped
from podrec_assets.schemas.listening import FINISHED_SHARE, HEARD_SHARE

SUMMED = ("score", "plays", "skips", "shared", "recent", "exposures")
LARGEST = ("share", "recency")
LATEST = ("liked_day", "unliked_day")
Signal = Literal["finished", "shared", "liked", "played"]
"""What a listener did with a heard episode, the strongest first."""
Values = dict[str, dict[str, float]]
"""By listener and episode."""


@dataclass(frozen=True)
class Interactions:
    """Listening up to a day.

    Attributes:
        users: listeners in order; rows of the matrix.
        items: episodes in order; columns of the matrix.
        matrix: sums of positive daily scores, decayed, damped and scaled to a mean of 1; no entry
            for what was only skipped.
        seen: episodes heard (see HEARD_SHARE) by listener.
        unliked: episodes whose last like or unlike is an unlike, by listener.
        finished: furthest share by listener and episode, for episodes liked or played past
            FINISHED_SHARE.
        recent_plays: decayed number of listeners by episode, for popularity.
        recency: decay of the latest day with any event, by listener and episode; 1 on the last day
            and where absent.
        exposures: decayed number of impressions by listener and episode; a skip without any counts
            as one.
        heard_before: episodes heard or unliked before the history window, by listener.
        liked: episodes whose last like or unlike is a like, by listener.
        shared: episodes recommended to others, by listener.
        unplayed: episodes among `seen` that were liked or shared, but not heard, by listener.
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
    liked: dict[str, set[str]] = field(default_factory=dict)
    shared: dict[str, set[str]] = field(default_factory=dict)
    unplayed: dict[str, set[str]] = field(default_factory=dict)

    def excluded(self, user: str) -> set[str]:
        """Returns what is never recommended to a listener again: heard or unliked at any time."""
        parts = (self.seen, self.unliked, self.heard_before)
        return set().union(*(part.get(user, ()) for part in parts))

    def valued(self, user: str) -> set[str]:
        """Returns what a listener heard or finished and does not unlike."""
        return (self.seen[user] | self.finished[user].keys()) - self.unliked[user]

    def played(self, user: str) -> set[str]:
        """Returns what a listener heard by playing it."""
        return self.seen.get(user, set()) - self.unplayed.get(user, set())

    def signal(self, user: str, episode: str) -> Signal:
        """Returns the strongest thing that a listener did with a heard episode."""
        if self.finished[user].get(episode, 0.0) > FINISHED_SHARE:
            return "finished"
        if episode in self.shared.get(user, ()):
            return "shared"
        return "liked" if episode in self.liked.get(user, ()) else "played"


def interactions(
    daily: pa.Table, as_of: date, half_life_days: float, like_weight: float
) -> Interactions:
    """Returns the interactions in rows of USER_VS_EPISODE_DAILY up to `as_of`.

    A day's score halves every `half_life_days`. Of likes and unlikes only the last one of all days
    counts: an episode that is liked has one `like_weight`, as old as the day of that like, and
    nothing else of them remains. An episode that was only skipped is not a preference: it stays out
    of the matrix and may be recommended again.
    """
    rows = daily.filter(pc.field("day") <= as_of)
    pairs = _summed(rows, as_of, half_life_days, like_weight)
    users, user = _numbered(pairs["user_id"])
    items, item = _numbered(pairs["episode_id"])
    totals = {
        name: pairs[f"{name}_{how}"].to_numpy()
        for how, group in (("sum", SUMMED), ("max", LARGEST + LATEST))
        for name in group
    }
    listening = _Pairs(users, items, user, item)
    share, is_shared = totals["share"], totals["shared"] > 0
    is_liked = totals["liked_day"] > totals["unliked_day"]
    is_unliked = totals["unliked_day"] > totals["liked_day"]
    # An unlike takes back a like, never a share.
    is_endorsed = is_liked | is_shared
    like = like_weight * _decay(totals["liked_day"], as_of, half_life_days)
    score = totals["score"] + np.where(is_liked, like, 0.0)
    only_skipped = (totals["skips"] > 0) & (totals["plays"] == 0) & ~is_endorsed
    preferred = (score > 0) & ~only_skipped
    popularity = np.bincount(item, weights=totals["recent"], minlength=len(items))
    return Interactions(
        users,
        items,
        csr_matrix(
            (damped(score[preferred]), (user[preferred], item[preferred])),
            shape=(len(users), len(items)),
            dtype=np.float64,
        ),
        seen=listening.sets((share >= HEARD_SHARE) | is_endorsed),
        unliked=listening.sets(is_unliked & ~is_shared),
        finished=listening.values((share > FINISHED_SHARE) | is_endorsed, share),
        recent_plays={items[i]: float(popularity[i]) for i in np.flatnonzero(popularity)},
        recency=listening.values(totals["recency"] > 0, totals["recency"]),
        exposures=listening.values(totals["exposures"] > 0, totals["exposures"]),
        liked=listening.sets(is_liked),
        shared=listening.sets(is_shared),
        unplayed=listening.sets(is_endorsed & (share < HEARD_SHARE)),
    )


@dataclass(frozen=True)
class _Pairs:
    """Numbers of the listener and episode of each pair, and their names."""

    users: list[str]
    items: list[str]
    user: np.ndarray
    item: np.ndarray

    def values(self, chosen: np.ndarray, values: np.ndarray) -> Values:
        """The values of the chosen pairs; listeners without any have an empty row."""
        rows: Values = {name: {} for name in self.users}
        for u, i, value in zip(
            self.user[chosen].tolist(),
            self.item[chosen].tolist(),
            values[chosen].tolist(),
            strict=True,
        ):
            rows[self.users[u]][self.items[i]] = value
        return rows

    def sets(self, chosen: np.ndarray) -> dict[str, set[str]]:
        """The episodes of the chosen pairs by listener."""
        return {name: set(row) for name, row in self.values(chosen, self.user).items()}


def share_of(row: dict) -> float:
    """Returns the furthest share of a daily row.

    A play of unknown length counts as heard, so that it is not recommended again.
    """
    if row["max_completed_share"] is None:
        return HEARD_SHARE if row["play_count"] else 0.0
    return row["max_completed_share"]


def _summed(rows: pa.Table, as_of: date, half_life_days: float, like_weight: float) -> pa.Table:
    """A row for each listener and episode in order: sums of SUMMED, maxima of the others.

    `score` is without likes and unlikes. `liked_day` and `unliked_day` are the numbers of the last
    days that ended so, 0 without one.
    """
    rows = rows.sort_by([(name, "ascending") for name in ("user_id", "episode_id", "day")])
    days = rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    decay = _decay(days, as_of, half_life_days)
    plays, likes, unlikes, skips, shown, shared = (
        pc.fill_null(rows[f"{kind}_count"], 0).to_numpy()
        for kind in ("play", "like", "unlike", "skip", "impression", "share")
    )
    # Days computed by earlier versions have no state.
    is_liked = pc.coalesce(rows["is_liked"], pa.array(likes > unlikes)).to_numpy()
    has_state = (likes > 0) | (unlikes > 0)
    share = rows["max_completed_share"].to_numpy()
    columns = {
        "user_id": rows["user_id"],
        "episode_id": rows["episode_id"],
        "score": decay * (rows["score"].to_numpy() - like_weight * (likes - unlikes)),
        "liked_day": np.where(has_state & is_liked, days, 0),
        "unliked_day": np.where(has_state & ~is_liked, days, 0),
        "plays": plays,
        "skips": skips,
        "shared": shared,
        "recent": np.where(plays > 0, decay, 0.0),
        "exposures": decay * np.where(shown > 0, shown, np.minimum(skips, 1)),
        "share": np.where(np.isnan(share), np.where(plays > 0, HEARD_SHARE, 0.0), share),
        "recency": decay,
    }
    # One thread: the order of a floating-point sum changes its bytes.
    grouped = pa.table(columns).group_by(["user_id", "episode_id"], use_threads=False)
    return grouped.aggregate(
        [
            *((name, "sum") for name in SUMMED),
            *((name, "max") for name in LARGEST + LATEST),
        ]
    )


def _decay(days: np.ndarray, as_of: date, half_life_days: float) -> np.ndarray:
    """What is left on `as_of` of 1 on each of the days, given by numbers."""
    ages = np.datetime64(as_of, "D").astype(np.int64) - days
    return 0.5 ** (ages / half_life_days)


def _numbered(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The distinct texts in order, and the number of each row's text among them."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    numbers = np.empty(len(texts), dtype=np.int64)
    numbers[order] = np.arange(len(texts))
    return [texts[n] for n in order], numbers[encoded.indices.to_numpy()]
