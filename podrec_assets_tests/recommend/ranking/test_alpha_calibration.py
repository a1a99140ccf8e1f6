"""Alpha moves to the arm that is right, in planted worlds where only one of them is."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.alpha_calibration import (
    GRID,
    MIN_LISTENER_DAYS,
    AlphaTrial,
    calibrated_weights,
)
from podrec_assets.recommend.ranking.blend import Blender
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.schemas import EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets_tests.recommend.planted import history_of

EVE = date(2026, 11, 1)
SHAPE = BlendConfig(3, 9)
PLAYED, OTHER = ("p1", "p2", "p3"), ("o1", "o2", "o3")


def listening(users: int) -> Interactions:
    """Returns listeners who each heard and finished the episode h."""
    history = history_of({f"u{n:03}": {"h": 1.0} for n in range(users)})
    for user in history.users:
        history.finished[user]["h"] = 1.0
    return history


def catalogue(*names: str) -> pa.Table:
    """Returns rows of EPISODES, each of a show of its own."""
    return EPISODES.rows(
        {
            "day": EVE,
            "episode_id": name,
            "show_id": name,
            "show_title": name,
            "title": name,
            "published_at": datetime(2026, 10, 1, tzinfo=UTC),
            "is_serial": False,
        }
        for name in names
    )


def trial(users: int, als: tuple[str, ...], content: tuple[str, ...]) -> AlphaTrial:
    """Returns a day on which each arm ranks the given episodes first; PLAYED are then played."""
    history = listening(users)
    passage = {"there_s": None, "there_text": "words"}
    items = [
        {"episode_id": e, "score": 3.0 - n, "because": "h", "listener_count": 1}
        for n, e in enumerate(als)
    ]
    near = [{"episode_id": e, "score": 0.9 - 0.1 * n, **passage} for n, e in enumerate(content)]
    played = [
        {"day": EVE, "user_id": u, "episode_id": e, "max_completed_share": 1.0}
        for u in history.users
        for e in PLAYED
    ]
    als_documents = [{"user_id": u, "items": items} for u in history.users]
    similarities = [{"episode_id": "h", "items": near}]
    inputs = RankingInputs(
        history, als_documents, similarities, catalogue(*PLAYED, *OTHER, "h"), EVE
    )
    return AlphaTrial(inputs, USER_VS_EPISODE_DAILY.rows(played))


def weights(*trials: AlphaTrial, default: float = 0.7) -> dict[str, dict]:
    rows = calibrated_weights({"a": 0, "b": 2, "c": 30}, trials, default, SHAPE, 7)
    return {row["bucket"]: row for row in rows}


@pytest.mark.parametrize(
    ("als", "content", "default", "low", "high"),
    [(PLAYED, OTHER, 0.3, 0.6, 1.0), (OTHER, PLAYED, 0.7, 0.0, 0.4)],
    ids=["ALS is right", "content is right"],
)
def test_alpha_moves_to_the_arm_that_is_right(
    als: tuple, content: tuple, default: float, low: float, high: float
) -> None:
    row = weights(trial(MIN_LISTENER_DAYS, als, content), default=default)["1-4"]
    assert low <= row["alpha"] <= high
    assert row["source"] == f"plays of {MIN_LISTENER_DAYS} listener days"
    curve = {c["alpha"]: c["ndcg"] for c in json.loads(row["curve"])}
    assert list(curve) == list(GRID)
    assert curve[row["alpha"]] == max(curve.values()) == 1.0


def test_arms_that_agree_keep_the_default() -> None:
    row = weights(trial(MIN_LISTENER_DAYS, PLAYED, PLAYED))["1-4"]
    assert (row["alpha"], row["source"]) == (
        0.7,
        f"default, not beaten on plays of {MIN_LISTENER_DAYS} listener days",
    )


def test_too_few_listener_days_keep_the_default_and_days_add_up() -> None:
    half = MIN_LISTENER_DAYS // 2
    assert weights(trial(half, OTHER, PLAYED))["1-4"]["source"] == "default"
    assert weights(trial(half, OTHER, PLAYED), trial(half, OTHER, PLAYED))["1-4"]["alpha"] < 0.7


def test_every_bucket_has_a_row_with_its_listeners() -> None:
    columns = ("bucket", "min_history", "user_count", "alpha", "curve")
    assert [tuple(row[c] for c in columns) for row in weights().values()] == [
        ("0", 0, 1, 0.7, None),
        ("1-4", 1, 1, 0.7, None),
        ("5-19", 5, 0, 0.7, None),
        ("20+", 20, 1, 0.7, None),
    ]


def test_a_bucket_without_evidence_takes_the_alpha_of_all_listeners() -> None:
    row = weights(trial(MIN_LISTENER_DAYS, OTHER, PLAYED))
    assert row["20+"]["alpha"] == row["1-4"]["alpha"] < 0.7
    assert row["20+"]["source"] == f"plays of all {MIN_LISTENER_DAYS} listener days"
    assert row["20+"]["curve"] is None


NAMES, HEARD = [f"e{n:02}" for n in range(40)], [f"h{n}" for n in range(8)]
MOMENT = datetime(2026, 10, 1, tzinfo=UTC)


def clicked_world(truth: float, seed: int) -> AlphaTrial:
    """Returns a day on which 200 listeners click by a taste of truth * als + (1 - truth) * cosine.

    Each is shown 12 of 40 episodes, those with the highest ALS scores on top, so that position
    alone favours alpha 1. A position is examined with probability 1 / position; a click needs that
    and a taste among the four best of what was shown.
    """
    random = np.random.default_rng(seed)
    inputs = random_inputs(random)
    blender = Blender(inputs, SHAPE)
    events: list[dict] = []
    for block in blender.blocks(range(200)):
        taste = blender.scores(block, np.array([[truth]]))
        for row, user in enumerate(inputs.history.users[block.users.start : block.users.stop]):
            shown = random.choice(40, 12, replace=False)
            shown = shown[np.argsort(-block.by_arm["als"][row, shown])]
            liked = taste[row, shown] >= np.sort(taste[row, shown])[-4]
            events += shown_and_clicked(user, shown, liked, random)
    return AlphaTrial(inputs, USER_VS_EPISODE_DAILY.empty(), USER_EVENTS.rows(events))


def random_inputs(random: np.random.Generator) -> RankingInputs:
    """Returns 200 listeners who each finished one of HEARD, with random models."""
    history = history_of({f"u{n:03}": {HEARD[n % 8]: 1.0} for n in range(200)})
    for user in history.users:
        history.finished[user].update(dict.fromkeys(history.seen[user], 1.0))
    passage = {"here_s": 0.0, "here_text": "", "there_s": 0.0, "there_text": ""}
    similarities = [
        {
            "episode_id": heard,
            "items": [
                {"episode_id": e, "score": float(s), **passage}
                for e, s in zip(NAMES, random.random(40), strict=True)
            ],
        }
        for heard in HEARD
    ]
    scores = random.random((200, 40))
    als = [
        {
            "user_id": user,
            "items": [
                {"episode_id": e, "score": float(s), "because": None}
                for e, s in zip(NAMES, scores[n], strict=True)
            ],
        }
        for n, user in enumerate(history.users)
    ]
    return RankingInputs(history, als, similarities, catalogue(*NAMES, *HEARD), EVE)


def shown_and_clicked(
    user: str, shown: np.ndarray, liked: np.ndarray, random: np.random.Generator
) -> Iterator[dict]:
    """Yields impressions of the columns in order, and the clicks on them."""
    for position, column in enumerate(shown, start=1):
        event = {
            "user_id": user,
            "episode_id": NAMES[column],
            "occurred_at": MOMENT + timedelta(seconds=position),
            "position": position,
        }
        yield event | {"event_id": f"{user}-{column}", "kind": "impression"}
        if liked[position - 1] and random.random() < 1 / position:
            yield event | {"event_id": f"{user}-{column}-c", "kind": "click"}


@pytest.mark.parametrize(
    ("truth", "low", "high"), [(0.0, 0.0, 0.1), (0.5, 0.3, 0.7), (1.0, 0.9, 1.0)]
)
def test_the_alpha_behind_the_clicks_is_recovered_although_positions_favour_als(
    truth: float, low: float, high: float
) -> None:
    row = weights(clicked_world(truth, 3), default=0.2 if truth == 1.0 else 0.9)["1-4"]
    assert low <= row["alpha"] <= high
    assert row["source"].startswith("clicks of ")
    assert row["gain_low"] > 0
    curve = {c["alpha"]: c["ndcg"] for c in json.loads(row["curve"])}
    assert curve[row["alpha"]] >= max(curve[0.0], curve[1.0])
