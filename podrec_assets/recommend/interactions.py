"""What listeners did, as the models see it: a sparse matrix of damped, decayed scores, and what each one has heard. Pure."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

HEARD_SHARE = 0.2
"""A play of at least this share, or a like, makes an episode heard: it is never recommended again."""
FINISHED_SHARE = 0.8
COLUMNS = (
    *("day", "user_id", "episode_id", "score", "play_count", "like_count", "unlike_count", "skip_count", "impression_count"),
    "max_completed_share",
)


@dataclass(frozen=True)
class Interactions:
    """Listening up to a day.

    Attributes:
        users: listeners in order; rows of the matrix.
        items: episodes in order; columns of the matrix.
        matrix: log1p of the decayed sum of positive daily scores.
        seen: by listener, episodes heard (see HEARD_SHARE).
        unliked: by listener, episodes whose likes were taken back.
        finished: by listener, episode -> furthest share, for those liked or played past FINISHED_SHARE.
        recent_plays: by episode, decayed number of listeners, for popularity.
        recency: by listener, episode -> decay of the latest day with any event, 1 for the last day; absent counts 1.
        looks: by listener, episode -> decayed number of times it was shown, or put aside by a skip.
    """

    users: list[str]
    items: list[str]
    matrix: csr_matrix
    seen: dict[str, set[str]]
    unliked: dict[str, set[str]]
    finished: dict[str, dict[str, float]]
    recent_plays: dict[str, float]
    recency: dict[str, dict[str, float]] = field(default_factory=dict)
    looks: dict[str, dict[str, float]] = field(default_factory=dict)


def interactions(daily: pa.Table, as_of: date, half_life_days: float) -> Interactions:
    """Interactions from rows of USER_VS_EPISODE_DAILY up to `as_of`; a day's score halves every `half_life_days`."""
    rows = sorted(
        (r for r in daily.select(COLUMNS).to_pylist() if r["day"] <= as_of),
        key=lambda r: (r["user_id"], r["episode_id"], r["day"]),
    )
    scores: dict[tuple[str, str], float] = {}
    likes: dict[tuple[str, str], int] = {}
    taken_back: set[tuple[str, str]] = set()
    shares: dict[tuple[str, str], float] = {}
    plays: dict[str, float] = {}
    recency: dict[str, dict[str, float]] = {}
    looks: dict[str, dict[str, float]] = {}
    for row in rows:
        pair = (row["user_id"], row["episode_id"])
        decay = 0.5 ** ((as_of - row["day"]).days / half_life_days)
        scores[pair] = scores.get(pair, 0.0) + decay * row["score"]
        likes[pair] = likes.get(pair, 0) + row["like_count"] - row["unlike_count"]
        if row["unlike_count"]:
            taken_back.add(pair)
        shares[pair] = max(shares.get(pair, 0.0), share_of(row))
        if row["play_count"]:
            plays[pair[1]] = plays.get(pair[1], 0.0) + decay
        recency.setdefault(pair[0], {})[pair[1]] = decay
        looked = row["impression_count"] or min(row["skip_count"] or 0, 1)
        if looked:
            mine = looks.setdefault(pair[0], {})
            mine[pair[1]] = mine.get(pair[1], 0.0) + decay * looked
    heard = [p for p in scores if shares[p] >= HEARD_SHARE or likes[p] > 0]
    return Interactions(
        *_matrix(scores),
        seen=_by_user(scores, heard),
        unliked=_by_user(scores, [p for p in scores if p in taken_back and likes[p] <= 0]),
        finished=_finished(scores, shares, likes),
        recent_plays=plays,
        recency=recency,
        looks=looks,
    )


def share_of(row: dict) -> float:
    """Furthest play of a daily row. One whose length nobody told counts as heard: it must not be recommended again."""
    if row["max_completed_share"] is None:
        return HEARD_SHARE if row["play_count"] else 0.0
    return row["max_completed_share"]


def _finished(scores: dict, shares: dict, likes: dict) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {u: {} for u, _ in scores}
    for user, episode in scores:
        if shares[user, episode] > FINISHED_SHARE or likes[user, episode] > 0:
            found[user][episode] = shares[user, episode]
    return found


def _by_user(scores: dict, pairs: list[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {u: set() for u, _ in scores}
    for user, episode in pairs:
        found[user].add(episode)
    return found


def _matrix(scores: dict[tuple[str, str], float]) -> tuple[list[str], list[str], csr_matrix]:
    users, items = sorted({u for u, _ in scores}), sorted({e for _, e in scores})
    user_at, item_at = {u: i for i, u in enumerate(users)}, {e: i for i, e in enumerate(items)}
    positive = [(user_at[u], item_at[e], np.log1p(s)) for (u, e), s in scores.items() if s > 0]
    row, column, value = zip(*positive, strict=True) if positive else ((), (), ())
    return users, items, csr_matrix((value, (row, column)), shape=(len(users), len(items)), dtype=np.float64)
