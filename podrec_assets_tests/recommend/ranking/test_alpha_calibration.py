"""Alpha follows what was played: planted worlds in which one arm knows the truth and the other does
not.
"""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.alpha_calibration import (
    GRID,
    MIN_LISTENER_DAYS,
    AlphaTrial,
    calibrated_weights,
)
from podrec_assets.recommend.ranking.blend import BlendConfig, Blender
from podrec_assets.recommend.ranking.inputs import RankingInputs
from podrec_assets.schemas import EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets_tests.recommend.planted import history_of

EVE = date(2026, 11, 1)
SHAPE = BlendConfig(3, 9)
PLAYED, OTHER = ("p1", "p2", "p3"), ("o1", "o2", "o3")


def listening(users: int) -> Interactions:
    """Listeners who have each heard and finished the one episode h."""
    found = history_of({f"u{n:03}": {"h": 1.0} for n in range(users)})
    for user in found.users:
        found.finished[user]["h"] = 1.0
    return found


def trial(users: int, als: tuple[str, ...], content: tuple[str, ...]) -> AlphaTrial:
    """A day whose ALS arm ranks one set first and whose content arm ranks another; the listeners
    then play PLAYED.
    """
    history = listening(users)
    passage = {"there_s": None, "there_text": "words"}
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    rows = [
        {
            "day": EVE,
            "episode_id": e,
            "show_id": e,
            "show_title": e,
            "title": e,
            "published_at": moment,
            "is_serial": False,
        }
        for e in (*PLAYED, *OTHER, "h")
    ]
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
    inputs = RankingInputs(history, als_documents, similarities, EPISODES.rows(rows), EVE)
    return AlphaTrial(inputs, USER_VS_EPISODE_DAILY.rows(played))


def weights(*trials: AlphaTrial, default: float = 0.7) -> dict[str, dict]:
    found = calibrated_weights({"a": 0, "b": 2, "c": 30}, trials, default, SHAPE, 7)
    return {w["bucket"]: w for w in found}


@pytest.mark.parametrize(
    ("als", "content", "default", "low", "high"),
    [(PLAYED, OTHER, 0.3, 0.6, 1.0), (OTHER, PLAYED, 0.7, 0.0, 0.4)],
    ids=["ALS knows", "content knows"],
)
def test_alpha_moves_to_the_arm_that_knew(
    als: tuple, content: tuple, default: float, low: float, high: float
) -> None:
    found = weights(trial(MIN_LISTENER_DAYS, als, content), default=default)["1-4"]
    assert low <= found["alpha"] <= high
    assert found["source"] == f"plays of {MIN_LISTENER_DAYS} listener days"
    curve = {c["alpha"]: c["ndcg"] for c in json.loads(found["curve"])}
    assert list(curve) == list(GRID)
    assert curve[found["alpha"]] == max(curve.values()) == 1.0


def test_arms_that_agree_leave_the_default() -> None:
    found = weights(trial(MIN_LISTENER_DAYS, PLAYED, PLAYED))["1-4"]
    assert (found["alpha"], found["source"]) == (
        0.7,
        f"default, not beaten on plays of {MIN_LISTENER_DAYS} listener days",
    )


def test_too_few_listener_days_leave_the_default_and_days_add_up() -> None:
    half = MIN_LISTENER_DAYS // 2
    assert weights(trial(half, OTHER, PLAYED))["1-4"]["source"] == "default"
    assert weights(trial(half, OTHER, PLAYED), trial(half, OTHER, PLAYED))["1-4"]["alpha"] < 0.7


def test_every_bucket_has_a_row_with_its_listeners() -> None:
    found = weights()
    assert [(w["bucket"], w["min_history"], w["user_count"], w["alpha"]) for w in found.values()] == [
        ("0", 0, 1, 0.7), ("1-4", 1, 1, 0.7), ("5-19", 5, 0, 0.7), ("20+", 20, 1, 0.7),
    ]  # fmt: skip
    assert all(w["curve"] is None for w in found.values())


def test_a_bucket_without_evidence_takes_what_all_listeners_say() -> None:
    found = weights(trial(MIN_LISTENER_DAYS, OTHER, PLAYED))
    assert found["20+"]["alpha"] == found["1-4"]["alpha"] < 0.7
    assert found["20+"]["source"] == f"plays of all {MIN_LISTENER_DAYS} listener days"
    assert found["20+"]["curve"] is None


def clicked_world(truth: float, seed: int) -> AlphaTrial:
    """200 listeners whose taste is truth * als + (1 - truth) * cosine, shown 12 of 40 episodes with
    the loud ones on top.

    Loud episodes are those that ALS likes, so position favours alpha 1 by itself; a position is
    looked at 1 / position of the time, and a click needs a look and a taste among the best of what
    was shown.
    """
    random = np.random.default_rng(seed)
    names, kinds = [f"e{n:02}" for n in range(40)], [f"h{n}" for n in range(8)]
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    rows = [
        {
            "day": EVE,
            "episode_id": e,
            "show_id": e,
            "show_title": e,
            "title": e,
            "published_at": moment,
            "is_serial": False,
        }
        for e in (*names, *kinds)
    ]
    history = history_of({f"u{n:03}": {kinds[n % 8]: 1.0} for n in range(200)})
    for user in history.users:
        history.finished[user].update(dict.fromkeys(history.seen[user], 1.0))
    passage = {"here_s": 0.0, "here_text": "", "there_s": 0.0, "there_text": ""}
    near = [
        {
            "episode_id": h,
            "items": [
                {"episode_id": e, "score": float(s), **passage}
                for e, s in zip(names, random.random(40), strict=True)
            ],
        }
        for h in kinds
    ]
    arm = random.random((200, 40))
    als = [
        {
            "user_id": u,
            "items": [
                {"episode_id": e, "score": float(s), "because": None}
                for e, s in zip(names, arm[n], strict=True)
            ],
        }
        for n, u in enumerate(history.users)
    ]
    inputs = RankingInputs(history, als, near, EPISODES.rows(rows), EVE)
    blender = Blender(inputs, SHAPE)
    events = []
    for block in blender.blocks(range(200)):
        taste = blender.scores(block, np.array([[truth]]))
        for row, user in enumerate(history.users[block.users.start : block.users.stop]):
            shown = random.choice(40, 12, replace=False)
            shown = shown[np.argsort(-block.by_arm["als"][row, shown])]
            liked = taste[row, shown] >= np.sort(taste[row, shown])[-4]
            for position, column in enumerate(shown, start=1):
                event = {
                    "user_id": user,
                    "episode_id": names[column],
                    "occurred_at": moment + timedelta(seconds=position),
                }
                events.append(
                    event
                    | {"event_id": f"{user}-{column}", "kind": "impression", "position": position}
                )
                if liked[position - 1] and random.random() < 1 / position:
                    events.append(
                        event
                        | {"event_id": f"{user}-{column}-c", "kind": "click", "position": position}
                    )
    return AlphaTrial(inputs, USER_VS_EPISODE_DAILY.empty(), USER_EVENTS.rows(events))


@pytest.mark.parametrize(
    ("truth", "low", "high"), [(0.0, 0.0, 0.1), (0.5, 0.3, 0.7), (1.0, 0.9, 1.0)]
)
def test_the_alpha_that_made_the_clicks_is_found_though_positions_favour_als(
    truth: float, low: float, high: float
) -> None:
    found = weights(clicked_world(truth, 3), default=0.2 if truth == 1.0 else 0.9)["1-4"]
    assert low <= found["alpha"] <= high
    assert found["source"].startswith("clicks of ")
    assert found["gain_low"] > 0
    curve = {c["alpha"]: c["ndcg"] for c in json.loads(found["curve"])}
    assert curve[found["alpha"]] >= max(curve[0.0], curve[1.0])
