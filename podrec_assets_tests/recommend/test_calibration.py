"""Alpha follows what was played: planted worlds in which one arm knows the truth and the other does not."""

import json
from datetime import UTC, date, datetime

import pytest

from podrec_assets.recommend.blend import BlendConfig
from podrec_assets.recommend.calibration import GRID, LEAST_USERS, Trial, calibrated_weights
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.schemas import EPISODES, USER_VS_EPISODE_DAILY
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


def trial(users: int, als: tuple[str, ...], content: tuple[str, ...]) -> Trial:
    """A day whose ALS arm ranks one set first and whose content arm ranks another; the listeners then play PLAYED."""
    history = listening(users)
    passage = {"there_s": None, "there_text": "words"}
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    rows = [
        {"day": EVE, "episode_id": e, "show_id": e, "show_title": e, "title": e, "published_at": moment, "is_serial": False}
        for e in (*PLAYED, *OTHER, "h")
    ]
    items = [{"episode_id": e, "score": 3.0 - n, "because": "h", "listener_count": 1} for n, e in enumerate(als)]
    near = [{"episode_id": e, "score": 0.9 - 0.1 * n, **passage} for n, e in enumerate(content)]
    played = [{"day": EVE, "user_id": u, "episode_id": e, "max_completed_share": 1.0} for u in history.users for e in PLAYED]
    return Trial(
        history, [{"user_id": u, "items": items} for u in history.users], [{"episode_id": "h", "items": near}],
        EPISODES.rows(rows), USER_VS_EPISODE_DAILY.rows(played), EVE,
    )  # fmt: skip


def weights(*trials: Trial, default: float = 0.7) -> dict[str, dict]:
    found = calibrated_weights({"a": 0, "b": 2, "c": 30}, trials, default, SHAPE, 7)
    return {w["bucket"]: w for w in found}


@pytest.mark.parametrize(
    ("als", "content", "default", "low", "high"),
    [(PLAYED, OTHER, 0.3, 0.6, 1.0), (OTHER, PLAYED, 0.7, 0.0, 0.4)],
    ids=["ALS knows", "content knows"],
)
def test_alpha_moves_to_the_arm_that_knew(als: tuple, content: tuple, default: float, low: float, high: float) -> None:
    found = weights(trial(LEAST_USERS, als, content), default=default)["1-4"]
    assert low <= found["alpha"] <= high
    assert found["source"] == f"plays of {LEAST_USERS} listener days"
    curve = {c["alpha"]: c["ndcg"] for c in json.loads(found["curve"])}
    assert list(curve) == list(GRID)
    assert curve[found["alpha"]] == max(curve.values()) == 1.0


def test_arms_that_agree_leave_the_default() -> None:
    found = weights(trial(LEAST_USERS, PLAYED, PLAYED))["1-4"]
    assert (found["alpha"], found["source"]) == (0.7, f"default, not beaten on {LEAST_USERS} listener days")


def test_too_few_listener_days_leave_the_default_and_days_add_up() -> None:
    half = LEAST_USERS // 2
    assert weights(trial(half, OTHER, PLAYED))["1-4"]["source"] == "default"
    assert weights(trial(half, OTHER, PLAYED), trial(half, OTHER, PLAYED))["1-4"]["alpha"] < 0.7


def test_every_bucket_has_a_row_with_its_listeners() -> None:
    found = weights()
    assert [(w["bucket"], w["min_history"], w["user_count"], w["alpha"]) for w in found.values()] == [
        ("0", 0, 1, 0.7), ("1-4", 1, 1, 0.7), ("5-19", 5, 0, 0.7), ("20+", 20, 1, 0.7),
    ]  # fmt: skip
    assert all(w["curve"] is None for w in found.values())
