"""The ranked lists of listeners and newcomers, with a reason on each item. Pure."""

from collections.abc import Iterable

import numpy as np

from podrec_assets.recommend.ranking.alpha import alpha_for
from podrec_assets.recommend.ranking.blend import (
    DIGITS,
    Blender,
    ScoredBlock,
    keep_serial_order,
)
from podrec_assets.recommend.ranking.diversity_rerank import Pick, Reranker
from podrec_assets.recommend.ranking.explanations import explanation, general_reasons
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.schemas import NEWCOMER


def recommend(
    inputs: RankingInputs,
    weights: list[dict],
    config: BlendConfig,
    experiment: Experiment | None = None,
) -> list[dict]:
    """Returns a document for each listener and one for newcomers (user_id ""), by user_id.

    Args:
        inputs: the day's listening, models and catalogue.
        weights: rows of FUSION_WEIGHTS.
        config: shape of the lists.
        experiment: its listeners get their list interleaved with the challenger's; the document has
            `challenger_alpha` and each item its `team`.

    Returns:
        {"user_id", "alpha", "items": [{rank, episode_id, score, als, cosine, prior, overlap,
        popularity, sources, shares, reason, because, causes, passages, show_id, show_title,
        title}]}: `shares` of the score by source add up to 1, `because` is the heard episode that
        the reason names first, `causes` the one of each arm, `passages` the similar passages of the
        content arm's cause and the episode, with seconds.
    """
    blender = Blender(inputs, config)
    documents: list[dict] = [{"user_id": NEWCOMER, "alpha": None, "items": newcomers(blender)}]
    for block in blender.blocks(range(len(inputs.history.users))):
        users = inputs.history.users[block.users.start : block.users.stop]
        alphas = [alpha_for(len(inputs.history.seen[user]), weights) for user in users]
        served = _documents(blender, block, alphas, range(len(users)))
        rows = [row for row, user in enumerate(users) if experiment and experiment.includes(user)]
        if experiment and rows:
            challengers = _documents(blender, block, [experiment.alpha] * len(users), rows)
            for row, challenger in zip(rows, challengers, strict=True):
                served[row] = experiment.interleaved(
                    served[row], challenger, inputs.as_of, config.list_length, config.per_show_cap
                )
        documents += served
    return documents


def _documents(
    blender: Blender, block: ScoredBlock, alphas: list[float], rows: Iterable[int]
) -> list[dict]:
    """The lists of some listeners of a block, each with the alpha of its row."""
    config = blender.config
    reranker = Reranker(
        blender.candidates,
        blender.similarity,
        config.list_length,
        config.per_show_cap,
        config.diversity,
    )
    scores = blender.scores(block, np.array(alphas)[:, None])
    return [
        {
            "user_id": blender.history.users[block.users.start + row],
            "alpha": alphas[row],
            "items": _items(blender, block, row, alphas[row], reranker.picks(scores[row])),
        }
        for row in rows
    ]


def _items(
    blender: Blender, block: ScoredBlock, row: int, alpha: float, picks: list[Pick]
) -> list[dict]:
    """The items of one listener, explained."""
    user, columns = block.users.start + row, [pick.column for pick in picks]
    arm_reasons = {arm.name: arm.reasons(user, columns) for arm in blender.arms}
    weights, prior_weight = blender.weights(alpha), blender.config.prior_weight
    items = []
    for place, pick in enumerate(picks):
        scores = {name: float(values[row, pick.column]) for name, values in block.by_arm.items()}
        contributions = {name: weights[name] * max(score, 0.0) for name, score in scores.items()}
        contributions |= blender.prior.contributions(pick.column, prior_weight)
        reasons = general_reasons(blender.candidates, pick.column)
        reasons |= {name: r for name, of_arm in arm_reasons.items() if (r := of_arm[place])}
        item = _item(blender, place + 1, pick, scores)
        items.append(item | explanation(contributions, reasons))
    return items


def _item(blender: Blender, rank: int, pick: Pick, scores: dict[str, float]) -> dict:
    """An item without its explanation; `scores` are the arms' normalised ones, 0 if absent."""
    candidates = blender.candidates
    episode = candidates.ids[pick.column]
    row = candidates.rows[episode]
    return {
        "rank": rank,
        "episode_id": episode,
        "score": round(pick.score, DIGITS),
        **{a.score_field: round(scores.get(a.name, 0.0), DIGITS) for a in blender.arms},
        "prior": round(float(blender.prior.total[pick.column]), DIGITS),
        "overlap": round(pick.overlap, DIGITS),
        "popularity": round(float(candidates.popularity[pick.column]), DIGITS),
        "show_id": row["show_id"],
        "show_title": row["show_title"],
        "title": row["title"],
    }


def newcomers(blender: Blender) -> list[dict]:
    """Returns the items for listeners without history: the best of each show in turn.

    The first round takes one episode of each show, the second another, and so on up to the show's
    cap; within a round the prior decides. The score therefore falls evenly with the rank.
    """
    candidates, weight = blender.candidates, blender.config.prior_weight
    columns = _round_robin(blender)
    return [
        _item(blender, rank, Pick(column, 1 - (rank - 1) / len(columns), 0.0), {})
        | explanation(
            blender.prior.contributions(column, weight), general_reasons(candidates, column)
        )
        for rank, column in enumerate(columns, start=1)
    ]


def _round_robin(blender: Blender) -> list[int]:
    """Columns by round, then prior, then episode id."""
    candidates, config = blender.candidates, blender.config
    offered, excluded = candidates.is_offered[None].copy(), ~candidates.is_offered[None]
    keep_serial_order(offered, excluded, candidates.serials)
    best_first = sorted(
        (-round(float(blender.prior.total[column]), DIGITS), column)
        for column in np.flatnonzero(offered[0]).tolist()
    )
    rounds: dict[int, int] = {}
    order = []
    for negative_prior, column in best_first:
        show = int(candidates.shows[column])
        rounds[show] = rounds.get(show, 0) + 1
        if rounds[show] <= config.per_show_cap:
            order.append((rounds[show], negative_prior, column))
    return [column for *_, column in sorted(order)[: config.list_length]]
