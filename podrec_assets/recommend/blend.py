"""The ranked lists: candidates of all sources, one score, a list out of it, and a reason on each item. Pure.

score = alpha * als + (1 - alpha) * cosine + prior_weight * prior - overlap

Each arm is divided by the listener's own largest value, so that alpha means the same for everyone; CALM is added to that largest
value, so that an arm which knows next to nothing of a listener does not speak as loudly as one that knows much. The prior, how an
episode is received by everybody and how new it is, makes the list where there is no history. Overlap is what likeness to
episodes above takes away.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pyarrow as pa

from podrec_assets.recommend import content_arm, explain
from podrec_assets.recommend.content_arm import Evidence, Kinship
from podrec_assets.recommend.fusion import alpha_for
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.interleaving import Experiment
from podrec_assets.recommend.selection import Picked, pick
from podrec_assets.recommend.shelf import Shelf, make_shelf
from podrec_assets.schemas import NEWCOMER
from podrec_assets.schemas.listening import FINISHED_SHARE
from podrec_assets.settings import Settings

CALM = 0.2
"""In units of the arms: a predicted preference, a value per look. 0 gave 1 point less of the best in the simulated world."""
FRESH_SHARE = 1 / 6
"""Share of newness in the prior; the rest is reception."""
FILLERS = 200
"""Candidates by the prior alone, for everybody, beside those that the arms bring."""
BLOCK = 256
DIGITS = 5


@dataclass(frozen=True)
class BlendConfig:
    """Shape of the lists; meanings as in `Settings`."""

    list_length: int
    per_show_cap: int
    prior_weight: float = 0.35
    diversity: float = 0.0
    dead_show_days: int = 365

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The shape that the settings ask for."""
        return cls(
            settings.list_length, settings.per_show_cap, settings.prior_weight, settings.diversity, settings.dead_show_days
        )


@dataclass(frozen=True)
class Arms:
    """What each source says of each episode to the listeners of a block; columns as in the shelf.

    Attributes:
        users: first listener of the block, and the one after its last.
        als, cosine: (users, columns) at most 1; cosine is negative, down to -1, for what is like things ignored.
        is_candidate: (users, columns) whether an episode may be in the list.
    """

    users: range
    als: np.ndarray
    cosine: np.ndarray
    is_candidate: np.ndarray


class Blender:
    """A day's models put together, ready to score any listener with any alpha."""

    def __init__(
        self,
        history: Interactions,
        als: list[dict],
        similarities: list[dict],
        episodes: pa.Table,
        config: BlendConfig,
        as_of: date,
    ) -> None:
        """Arguments as of `recommend`."""
        self.history, self.config = history, config
        self.by_als = {d["user_id"]: {i["episode_id"]: i for i in d["items"]} for d in als}
        self.shelf: Shelf = make_shelf(history, episodes, as_of, config.dead_show_days)
        self.evidence: Evidence = content_arm.evidence(history, self.shelf)
        self.kin: Kinship = content_arm.kinship(similarities, self.shelf)
        self.pairs = explain.by_pair(similarities)
        self.received = (1 - FRESH_SHARE) * content_arm.reception(self.evidence)
        self.fresh = FRESH_SHARE * self.shelf.freshness
        self.prior = self.received + self.fresh

    def blocks(self, users: range) -> Iterator[Arms]:
        """The arms of the listeners of a range, some at a time, for they are dense."""
        fillers = self._fillers()
        for start in range(users.start, users.stop, BLOCK):
            block = range(start, min(start + BLOCK, users.stop))
            als = self._als(block)
            interest, is_kin = content_arm.interest(self.evidence, self.kin, slice(block.start, block.stop))
            is_candidate = (fillers | is_kin | (als > 0)) & self.shelf.is_offered
            barred = self._barred(block) | ~self.shelf.is_offered
            keep_serial_order(is_candidate, barred, self.shelf.serials)
            is_candidate &= ~barred
            yield Arms(block, _calm(als, is_candidate), _calm(interest, is_candidate), is_candidate)

    def scores(self, arms: Arms, alpha: np.ndarray) -> np.ndarray:
        """(users, columns) before overlap, rounded; -inf for what is no candidate. `alpha` is (users, 1) or (1, 1)."""
        mixed = alpha * arms.als + (1 - alpha) * arms.cosine + self.config.prior_weight * self.prior
        return np.where(arms.is_candidate, np.round(mixed, DIGITS), -np.inf)

    def _fillers(self) -> np.ndarray:
        order = np.lexsort((np.arange(len(self.prior)), -self.prior, ~self.shelf.is_offered))
        found = np.zeros(len(self.prior), dtype=bool)
        found[order[: max(FILLERS, self.config.list_length)]] = True
        return found

    def _als(self, block: range) -> np.ndarray:
        found = np.zeros((len(block), len(self.shelf.ids)))
        for row, user in enumerate(self.history.users[block.start : block.stop]):
            listed = [(self.shelf.column[e], i["score"]) for e, i in self.by_als.get(user, {}).items() if e in self.shelf.column]
            if listed:
                columns, scores = zip(*listed, strict=True)
                found[row, columns] = np.maximum(scores, 0.0)
        return found

    def _barred(self, block: range) -> np.ndarray:
        barred = np.zeros((len(block), len(self.shelf.ids)), dtype=bool)
        for row, user in enumerate(self.history.users[block.start : block.stop]):
            barred[row, self.shelf.columns(self.history.barred(user))] = True
        return barred


def _calm(arm: np.ndarray, is_candidate: np.ndarray) -> np.ndarray:
    most = np.max(arm, axis=1, initial=0.0, where=is_candidate)
    return np.maximum(arm / (most[:, None] + CALM), -1.0)


def keep_serial_order(is_candidate: np.ndarray, barred: np.ndarray, serials: list[np.ndarray]) -> None:
    """Leaves of each serial show the earliest part that is not barred, a candidate if any part is one. Changes the mask."""
    rows = np.arange(len(is_candidate))
    for parts in serials:
        wanted = is_candidate[:, parts].any(axis=1)
        first = parts[np.argmin(barred[:, parts], axis=1)]
        is_candidate[:, parts] = False
        is_candidate[rows, first] = wanted


def recommend(
    history: Interactions,
    als: list[dict],
    similarities: list[dict],
    episodes: pa.Table,
    weights: list[dict],
    config: BlendConfig,
    as_of: date,
    experiment: Experiment | None = None,
) -> list[dict]:
    """One document for each listener and one for newcomers (user_id ""), ordered by user_id.

    Args:
        history: listening up to the day.
        als: documents of als_top_n.
        similarities: documents of similarities.
        episodes: rows of EPISODES, each episode once; only these are recommended.
        weights: rows of FUSION_WEIGHTS.
        config: shape of the lists.
        as_of: the day of the lists.
        experiment: its listeners get lists interleaved with the challenger's, marked by `challenger_alpha` and, on each item,
            `team`.

    Returns:
        {"user_id", "alpha", "items": [{rank, episode_id, score, als, cosine, prior, overlap, popularity, sources, shares, reason,
        because, causes, passages, show_id, show_title, title}]}: `shares` are those of the score by source and add up to 1,
        `because` is the heard episode that the reason names first, `causes` that of each arm named, `passages` what the content
        arm's cause and the episode say alike, with seconds.
    """
    blender = Blender(history, als, similarities, episodes, config, as_of)
    documents: list[dict] = [{"user_id": NEWCOMER, "alpha": None, "items": newcomers(blender)}]
    for arms in blender.blocks(range(len(history.users))):
        users = history.users[arms.users.start : arms.users.stop]
        made = _documents(blender, arms, [alpha_for(len(history.seen[u]), weights) for u in users], range(len(users)))
        rows = [row for row, user in enumerate(users) if experiment and experiment.includes(user)]
        if experiment and rows:
            for row, challenger in zip(rows, _documents(blender, arms, [experiment.alpha] * len(users), rows), strict=True):
                made[row] = experiment.interleaved(made[row], challenger, as_of, config.list_length, config.per_show_cap)
        documents += made
    return documents


def _documents(blender: Blender, arms: Arms, alphas: list[float], rows: Iterable[int]) -> list[dict]:
    """Lists of some of the listeners of a block, each with the alpha of its row."""
    shape, documents = blender.config, []
    scores = blender.scores(arms, np.array(alphas)[:, None])
    for row in rows:
        picked = pick(scores[row], blender.shelf, blender.kin, shape.list_length, shape.per_show_cap, shape.diversity)
        user = blender.history.users[arms.users.start + row]
        documents.append({"user_id": user, "alpha": alphas[row], "items": _items(blender, arms, row, alphas[row], picked)})
    return documents


def _items(blender: Blender, arms: Arms, row: int, alpha: float, picked: list[Picked]) -> list[dict]:
    user = blender.history.users[arms.users.start + row]
    nameable = sorted(c for c in blender.shelf.columns(blender.history.seen[user]) if blender.shelf.ids[c] in blender.shelf.rows)
    causes = content_arm.main_causes(blender.evidence, blender.kin, arms.users.start + row, [p.column for p in picked], nameable)
    items = []
    for rank, (one, cause) in enumerate(zip(picked, causes, strict=True), start=1):
        als, cosine = float(arms.als[row, one.column]), float(arms.cosine[row, one.column])
        given = {"als": alpha * als, "content": (1 - alpha) * max(cosine, 0.0)} | prior_parts(blender, one.column)
        told = _told(blender, user, one.column, cause)
        items.append(item(blender, rank, one, als, cosine) | explain.explained(given, told))
    return items


def _told(blender: Blender, user: str, column: int, cause: int | None) -> dict[str, explain.Told]:
    """What each source can say of an episode."""
    shelf, episode = blender.shelf, blender.shelf.ids[column]
    told = explain.of_everybody(shelf, column)
    by_als = blender.by_als.get(user, {}).get(episode)
    if by_als:
        title = shelf.title(by_als["because"])
        told["als"] = explain.Told(
            explain.als_reason(title, by_als["listener_count"]), by_als["because"] if title is not None else None
        )
    if cause is not None:
        heard = shelf.ids[cause]
        finished = blender.history.finished[user].get(heard, 0.0) > FINISHED_SHARE
        passage = explain.passages(blender.pairs, heard, episode)
        same_show = bool(shelf.shows[cause] == shelf.shows[column])
        words = explain.content_reason(shelf.title(heard) or "", finished, passage, same_show)
        told["content"] = explain.Told(words, heard, passage)
    return told


def prior_parts(blender: Blender, column: int) -> dict[str, float]:
    """What reception and newness add to an episode's score."""
    weight = blender.config.prior_weight
    return {"popular": weight * float(blender.received[column]), "fresh": weight * float(blender.fresh[column])}


def item(blender: Blender, rank: int, one: Picked, als: float, cosine: float) -> dict:
    """An item without its reasons."""
    shelf = blender.shelf
    row = shelf.rows[shelf.ids[one.column]]
    return {
        "rank": rank,
        "episode_id": shelf.ids[one.column],
        "score": round(one.score, DIGITS),
        "als": round(als, DIGITS),
        "cosine": round(cosine, DIGITS),
        "prior": round(float(blender.prior[one.column]), DIGITS),
        "overlap": round(one.overlap, DIGITS),
        "popularity": round(float(shelf.popularity[one.column]), DIGITS),
        "show_id": row["show_id"],
        "show_title": row["show_title"],
        "title": row["title"],
    }


def newcomers(blender: Blender) -> list[dict]:
    """Well received and fresh episodes, the shows in turn, so that a stranger sees the breadth.

    Ranks go by turn, so the score shown falls with the rank rather than with the prior alone.
    """
    shelf, config = blender.shelf, blender.config
    offered, barred = shelf.is_offered[None].copy(), ~shelf.is_offered[None]
    keep_serial_order(offered, barred, shelf.serials)
    turns: dict[int, int] = {}
    order = []
    for column in sorted(np.flatnonzero(offered[0]).tolist(), key=lambda c: (-round(float(blender.prior[c]), DIGITS), c)):
        show = int(shelf.shows[column])
        turns[show] = turns.get(show, 0) + 1
        if turns[show] <= config.per_show_cap:
            order.append((turns[show], -round(float(blender.prior[column]), DIGITS), column))
    chosen = [column for *_, column in sorted(order)[: config.list_length]]
    return [
        item(blender, rank, Picked(column, 1 - (rank - 1) / len(chosen), 0.0), 0.0, 0.0)
        | explain.explained(prior_parts(blender, column), explain.of_everybody(shelf, column))
        for rank, column in enumerate(chosen, start=1)
    ]
