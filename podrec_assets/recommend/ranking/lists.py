"""The ranked lists: what the scores pick for each listener and for newcomers, and a reason on each
item. Pure.
"""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking import content_affinity, explanations
from podrec_assets.recommend.ranking.alpha import alpha_for
from podrec_assets.recommend.ranking.blend import (
    DIGITS,
    Arms,
    BlendConfig,
    Blender,
    keep_serial_order,
)
from podrec_assets.recommend.ranking.diversity_rerank import Picked, pick
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.schemas import NEWCOMER
from podrec_assets.schemas.listening import FINISHED_SHARE


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
        experiment: its listeners get lists interleaved with the challenger's, marked by
            `challenger_alpha` and, on each item, `team`.

    Returns:
        {"user_id", "alpha", "items": [{rank, episode_id, score, als, cosine, prior, overlap,
        popularity, sources, shares, reason, because, causes, passages, show_id, show_title,
        title}]}: `shares` are those of the score by source and add up to 1, `because` is the heard
        episode that the reason names first, `causes` that of each arm named, `passages` what the
        content arm's cause and the episode say alike, with seconds.
    """
    blender = Blender(history, als, similarities, episodes, config, as_of)
    documents: list[dict] = [{"user_id": NEWCOMER, "alpha": None, "items": newcomers(blender)}]
    for arms in blender.blocks(range(len(history.users))):
        users = history.users[arms.users.start : arms.users.stop]
        made = _documents(
            blender,
            arms,
            [alpha_for(len(history.seen[u]), weights) for u in users],
            range(len(users)),
        )
        rows = [row for row, user in enumerate(users) if experiment and experiment.includes(user)]
        if experiment and rows:
            for row, challenger in zip(
                rows, _documents(blender, arms, [experiment.alpha] * len(users), rows), strict=True
            ):
                made[row] = experiment.interleaved(
                    made[row], challenger, as_of, config.list_length, config.per_show_cap
                )
        documents += made
    return documents


def _documents(
    blender: Blender, arms: Arms, alphas: list[float], rows: Iterable[int]
) -> list[dict]:
    """Lists of some of the listeners of a block, each with the alpha of its row."""
    shape, documents = blender.config, []
    scores = blender.scores(arms, np.array(alphas)[:, None])
    for row in rows:
        picked = pick(
            scores[row],
            blender.shelf,
            blender.kin,
            shape.list_length,
            shape.per_show_cap,
            shape.diversity,
        )
        user = blender.history.users[arms.users.start + row]
        documents.append(
            {
                "user_id": user,
                "alpha": alphas[row],
                "items": _items(blender, arms, row, alphas[row], picked),
            }
        )
    return documents


def _items(
    blender: Blender, arms: Arms, row: int, alpha: float, picked: list[Picked]
) -> list[dict]:
    user = blender.history.users[arms.users.start + row]
    nameable = sorted(
        c
        for c in blender.shelf.columns(blender.history.seen[user])
        if blender.shelf.ids[c] in blender.shelf.rows
    )
    causes = content_affinity.main_causes(
        blender.evidence, blender.kin, arms.users.start + row, [p.column for p in picked], nameable
    )
    items = []
    for rank, (one, cause) in enumerate(zip(picked, causes, strict=True), start=1):
        als, cosine = float(arms.als[row, one.column]), float(arms.cosine[row, one.column])
        given = {"als": alpha * als, "content": (1 - alpha) * max(cosine, 0.0)} | prior_parts(
            blender, one.column
        )
        told = _told(blender, user, one.column, cause)
        items.append(item(blender, rank, one, als, cosine) | explanations.explained(given, told))
    return items


def _told(
    blender: Blender, user: str, column: int, cause: int | None
) -> dict[str, explanations.Told]:
    """What each source can say of an episode."""
    shelf, episode = blender.shelf, blender.shelf.ids[column]
    told = explanations.of_everybody(shelf, column)
    by_als = blender.by_als.get(user, {}).get(episode)
    if by_als:
        title = shelf.title(by_als["because"])
        told["als"] = explanations.Told(
            explanations.als_reason(title, by_als["listener_count"]),
            by_als["because"] if title is not None else None,
        )
    if cause is not None:
        heard = shelf.ids[cause]
        finished = blender.history.finished[user].get(heard, 0.0) > FINISHED_SHARE
        passage = explanations.passages(blender.pairs, heard, episode)
        same_show = bool(shelf.shows[cause] == shelf.shows[column])
        words = explanations.content_reason(shelf.title(heard) or "", finished, passage, same_show)
        told["content"] = explanations.Told(words, heard, passage)
    return told


def prior_parts(blender: Blender, column: int) -> dict[str, float]:
    """What reception and newness add to an episode's score."""
    weight = blender.config.prior_weight
    return {
        "popular": weight * float(blender.received[column]),
        "fresh": weight * float(blender.fresh[column]),
    }


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
    for column in sorted(
        np.flatnonzero(offered[0]).tolist(),
        key=lambda c: (-round(float(blender.prior[c]), DIGITS), c),
    ):
        show = int(shelf.shows[column])
        turns[show] = turns.get(show, 0) + 1
        if turns[show] <= config.per_show_cap:
            order.append((turns[show], -round(float(blender.prior[column]), DIGITS), column))
    chosen = [column for *_, column in sorted(order)[: config.list_length]]
    return [
        item(blender, rank, Picked(column, 1 - (rank - 1) / len(chosen), 0.0), 0.0, 0.0)
        | explanations.explained(
            prior_parts(blender, column), explanations.of_everybody(shelf, column)
        )
        for rank, column in enumerate(chosen, start=1)
    ]
