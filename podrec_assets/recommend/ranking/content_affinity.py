"""The content arm: what a listener's plays and ignored impressions say about episodes that are kin
to them. Pure.

Kinship of two episodes is their similarity squared, plus SAME_SHOW where they share a show. A
listener's interest in an episode is the kin-weighted mean of what was given to what was looked at,
less the mean of everybody (Nadaraya-Watson, shrunk):

    interest(u, e) = sum_i kin(i, e) * (value(u, i) - mean * looks(u, i)) / (SHRINK + sum_i kin(i,
    e) * looks(u, i))

Where nobody reports impressions, looks and mean are 0 and it is a plain sum over what was heard.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.candidates import Shelf

SAME_SHOW = 0.5
"""Kinship that a common show adds. Without it content alone reached 67 % of the best click-through
in the simulated world, with it 77 %: who plays a show plays more of it, which no transcript tells
as surely.
"""
HEARD_VALUE = 0.5
"""Value of an episode that was heard and not finished; a finished or liked one has 1, an ignored
one 0.
"""
SHRINK = 1.5
"""Looks at full kin that the mean of everybody weighs as much as."""
QUALITY_SHRINK = 6.0
"""Looks after which an episode's own reception weighs as much as the mean."""


@dataclass(frozen=True)
class Evidence:
    """What listeners gave to what they looked at: both (users, columns), decayed by age. `mean` is
    value per look, 0 to 1.
    """

    value: csr_matrix
    looks: csr_matrix
    mean: float


def evidence(history: Interactions, shelf: Shelf) -> Evidence:
    """The evidence of a history, users in its order."""
    values, looks = [], []
    for row, user in enumerate(history.users):
        recency, finished = history.recency.get(user, {}), history.finished[user]
        for episode in (history.seen[user] | finished.keys()) - history.unliked[user]:
            given = (1.0 if episode in finished else HEARD_VALUE) * recency.get(episode, 1.0)
            values.append((row, shelf.column[episode], given))
        looks += [
            (row, shelf.column[e], n)
            for e, n in history.looks.get(user, {}).items()
            if e in shelf.column
        ]
    shape = (len(history.users), len(shelf.ids))
    value, looked = _matrix(values, shape), _matrix(looks, shape)
    total = looked.sum()
    return Evidence(value, looked, float(value.minimum(looked).sum() / total) if total else 0.0)


def reception(given: Evidence) -> np.ndarray:
    """(columns,) 0 to 1: value per look of each episode with everybody, shrunk to the mean, from
    the worst to the best one.

    Where nobody reports impressions it is the number of plays.
    """
    value, looks = (np.asarray(m.sum(axis=0)).ravel() for m in (given.value, given.looks))
    rate = (value + QUALITY_SHRINK * given.mean) / (looks + QUALITY_SHRINK)
    span = np.ptp(rate) if len(rate) else 0.0
    return (rate - rate.min()) / span if span > 0 else np.zeros(len(rate))


@dataclass(frozen=True)
class Kinship:
    """How near episodes are: `near` (columns, columns) is the similarities' part, symmetric; the
    shows' part is implied.
    """

    near: csr_matrix
    shows: csr_matrix

    def spread(self, rows: csr_matrix) -> np.ndarray:
        """(rows, columns) kin-weighted sums of sparse rows."""
        return np.asarray(
            (rows @ self.near + SAME_SHOW * (rows @ self.shows) @ self.shows.T).todense()
        )

    def between(self, some: list[int], others: list[int]) -> np.ndarray:
        """(some, others) kinship of columns. By the matrices' arrays: their own indexing took a
        third of all time.
        """
        show = self.shows.indices
        found = SAME_SHOW * (show[some][:, None] == show[others]).astype(np.float64)
        place = np.full(self.near.shape[0], -1)
        place[some] = np.arange(len(some))
        for at, column in enumerate(others):
            begin, end = self.near.indptr[column : column + 2]
            at_some = place[self.near.indices[begin:end]]
            found[at_some[at_some >= 0], at] += self.near.data[begin:end][at_some >= 0]
        return found


def kinship(similarities: list[dict], shelf: Shelf) -> Kinship:
    """Kinship by documents of similarities. 1 is the similarity that half of all episodes have with
    their nearest one.
    """
    size = len(shelf.ids)
    found = [
        (shelf.column[d["episode_id"]], shelf.column[i["episode_id"]], max(i["score"], 0.0))
        for d in similarities
        if d["episode_id"] in shelf.column
        for i in d["items"]
        if i["episode_id"] in shelf.column
    ]
    near = _matrix(found, (size, size))
    # An episode may be among the neighbours of another that is not among its own.
    near = near.maximum(near.T).tocsr()
    nearest = near.max(axis=1).toarray().ravel() if size else np.zeros(0)
    typical = float(np.median(nearest[nearest > 0])) if (nearest > 0).any() else 1.0
    near.data = np.minimum(near.data / typical, 1.0) ** 2
    count = int(shelf.shows.max(initial=-1)) + 1
    return Kinship(
        near, csr_matrix((np.ones(size), (np.arange(size), shelf.shows)), shape=(size, count))
    )


def interest(given: Evidence, kin: Kinship, users: slice) -> tuple[np.ndarray, np.ndarray]:
    """((users, columns) interest as above, whether anything that was heard is kin to the episode)."""
    looks = kin.spread(given.looks[users])
    values = kin.spread(given.value[users])
    return (values - given.mean * looks) / (SHRINK + looks), values > 0


def main_causes(
    given: Evidence, kin: Kinship, user: int, items: list[int], nameable: list[int]
) -> list[int | None]:
    """For each item the one of `nameable`, in order, that gives most of the user's interest in it;
    None where none does.
    """
    if not items or not nameable:
        return [None] * len(items)
    begin, end = given.value.indptr[user : user + 2]
    value = np.zeros(given.value.shape[1])
    value[given.value.indices[begin:end]] = given.value.data[begin:end]
    parts = value[nameable][:, None] * kin.between(nameable, items)
    best = np.argmax(np.round(parts, 9), axis=0)
    return [nameable[i] if parts[i, at] > 0 else None for at, i in enumerate(best)]


def _matrix(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> csr_matrix:
    if not entries:
        return csr_matrix(shape, dtype=np.float64)
    row, column, value = zip(*entries, strict=True)
    return csr_matrix((value, (row, column)), shape=shape, dtype=np.float64)
