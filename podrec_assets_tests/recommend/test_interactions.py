"""Interactions: scores decay; what is heard, finished or unliked follows from the events."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.schemas import USER_VS_EPISODE_DAILY

TODAY = date(2026, 11, 10)
HALF_LIFE = 45.0
LIKE = 2.0


def row(
    user: str = "ann", episode: str = "e1", ago: int = 0, score: float = 0.0, **counts: object
) -> dict:
    """A day of one listener and episode, with only the given events."""
    nothing = {"play_count": 0, "like_count": 0, "unlike_count": 0, "max_completed_share": None}
    day = TODAY - timedelta(days=ago)
    return {"day": day, "user_id": user, "episode_id": episode, "score": score} | nothing | counts


def played(share: float, user: str = "ann", episode: str = "e1", ago: int = 0) -> dict:
    return row(user, episode, ago, score=1.0, play_count=1, max_completed_share=share)


def of(*rows: dict, half_life: float = HALF_LIFE) -> Interactions:
    return interactions(USER_VS_EPISODE_DAILY.rows(rows), TODAY, half_life, LIKE)


def damped(*scores: float) -> np.ndarray:
    """Returns log1p of the scores over its mean."""
    return np.log1p(scores) / np.mean(np.log1p(scores))


def test_a_score_counts_half_after_the_half_life_and_a_quarter_after_two() -> None:
    history = of(
        row(episode="new", score=4.0),
        row(episode="old", ago=45, score=4.0),
        row(episode="older", ago=90, score=4.0),
    )
    assert history.items == ["new", "old", "older"]
    assert history.matrix.toarray()[0] == pytest.approx(damped(4.0, 2.0, 1.0))


def test_days_of_one_pair_are_summed_before_they_are_damped() -> None:
    history = of(row(score=3.0), row(ago=45, score=2.0), row(episode="e2", score=1.0))
    assert history.matrix.toarray()[0] == pytest.approx(damped(3.0 + 1.0, 1.0))


def test_rows_and_columns_are_in_order_of_listeners_and_episodes() -> None:
    history = of(
        row("zoe", "e2", score=1.0), row("ann", "e3", score=2.0), row("zoe", "e1", score=3.0)
    )
    assert history.users == ["ann", "zoe"]
    assert history.items == ["e1", "e2", "e3"]
    ann, first, second = damped(2.0, 3.0, 1.0)
    assert history.matrix.toarray().tolist() == [
        pytest.approx([0.0, 0.0, ann]),
        pytest.approx([first, second, 0.0]),
    ]


@pytest.mark.parametrize(
    ("share", "heard"), [(0.19, False), (0.2, True), (0.21, True), (None, True)]
)
def test_an_episode_is_heard_from_a_share_of_a_fifth(share: float | None, heard: bool) -> None:
    assert of(row(play_count=1, max_completed_share=share)).seen == {
        "ann": {"e1"} if heard else set()
    }


def test_the_furthest_play_of_all_days_decides() -> None:
    history = of(played(0.1), played(0.5, ago=3), played(0.05, ago=9))
    assert history.seen == {"ann": {"e1"}}
    assert history.finished == {"ann": {}}


def test_a_liked_episode_is_heard_and_finished_without_a_play() -> None:
    history = of(row(like_count=1, score=2.0))
    assert history.seen == {"ann": {"e1"}}
    assert history.finished == {"ann": {"e1": 0.0}}
    assert history.recent_plays == {}


def test_a_like_that_was_taken_back_makes_the_episode_unliked() -> None:
    history = of(row(ago=2, like_count=1, score=2.0), row(unlike_count=1, score=-2.0))
    assert history.unliked == {"ann": {"e1"}}
    assert history.seen == {"ann": set()}
    assert history.finished == {"ann": {}}


def test_an_unlike_without_a_known_like_makes_the_episode_unliked() -> None:
    assert of(row(unlike_count=1, score=-2.0)).unliked == {"ann": {"e1"}}


# Days in order, oldest first: L ends with a like, U with an unlike; both count one such event.
STATES_OVER_DAYS = {
    "L": (True, 1.0),
    "LL": (True, 1.0),
    "LLL": (True, 1.0),
    "LU": (False, 0.0),
    "LLU": (False, 0.0),
    "LUU": (False, 0.0),
    "LULL": (True, 1.0),
    "LUUL": (True, 1.0),
    "U": (False, 0.0),
    "UL": (True, 1.0),
}


@pytest.mark.parametrize("arrival", [1, -1], ids=["in order", "late"])
@pytest.mark.parametrize("days", STATES_OVER_DAYS)
def test_the_last_like_or_unlike_of_all_days_decides_and_counts_once(
    days: str, arrival: int
) -> None:
    is_liked, likes = STATES_OVER_DAYS[days]
    rows = [
        row(ago=ago, score=LIKE, like_count=1) if letter == "L" else
        row(ago=ago, score=-LIKE, unlike_count=1)
        for ago, letter in enumerate(reversed(days))
    ]  # fmt: skip
    history = of(*rows[::arrival], played(0.5, episode="other"), half_life=1e9)
    assert ("e1" in history.seen["ann"], "e1" in history.liked["ann"]) == (is_liked, is_liked)
    assert ("e1" in history.unliked["ann"]) == (not is_liked)
    expected = damped(LIKE * likes, 1.0) if is_liked else (0.0, 1.0)
    assert history.matrix.toarray()[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("is_liked", "counts"),
    [(True, {"like_count": 1, "unlike_count": 1}), (False, {"like_count": 2, "unlike_count": 2})],
    ids=["unlike, like", "like, unlike, like, unlike"],
)
def test_the_last_event_of_a_day_decides_where_its_counts_are_equal(
    is_liked: bool, counts: dict
) -> None:
    history = of(row(ago=3, score=LIKE, like_count=1), row(is_liked=is_liked, **counts))
    assert ("e1" in history.seen["ann"], "e1" in history.unliked["ann"]) == (is_liked, not is_liked)


def test_a_like_is_as_old_as_its_last_day_and_a_play_keeps_what_an_unlike_cannot_take() -> None:
    history = of(
        row(ago=90, score=LIKE, like_count=1),
        row(ago=45, score=LIKE, like_count=1),
        played(0.9, episode="e2", ago=45) | {"score": 3.0 + LIKE, "like_count": 1},
        row(episode="e2", score=-LIKE, unlike_count=1),
    )
    assert history.matrix.toarray()[0] == pytest.approx(damped(LIKE / 2, 3.0 / 2))


def test_a_like_of_any_age_is_a_state_however_short_the_half_life() -> None:
    assert of(row(ago=300, like_count=1, score=LIKE), half_life=0.001).liked == {"ann": {"e1"}}


def test_days_computed_before_the_state_was_stored_count_their_events() -> None:
    rows = USER_VS_EPISODE_DAILY.rows(
        [row(like_count=2, score=2 * LIKE), row(episode="e2", like_count=1, unlike_count=1)]
    )
    history = interactions(rows, TODAY, HALF_LIFE, LIKE)
    assert (history.liked, history.unliked) == ({"ann": {"e1"}}, {"ann": {"e2"}})


PLAYED: dict = {"play_count": 1, "max_completed_share": 0.5}
SIGNALS: dict[str, dict] = {
    "finished": PLAYED | {"max_completed_share": 0.9},
    "finished, liked and shared": PLAYED
    | {"max_completed_share": 0.9, "like_count": 1, "share_count": 1},
    "shared": {"share_count": 1},
    "shared, liked and played": PLAYED | {"share_count": 1, "like_count": 1},
    "shared and unliked": {"share_count": 1, "unlike_count": 1},
    "liked": {"like_count": 1},
    "liked and played": PLAYED | {"like_count": 1},
    "liked and barely begun": {"like_count": 1, "play_count": 1, "max_completed_share": 0.1},
    "played": PLAYED,
    "played and unliked": PLAYED | {"unlike_count": 1},
    "played of unknown length": {"play_count": 1},
}


@pytest.mark.parametrize("events", SIGNALS)
def test_the_strongest_thing_that_a_listener_did_is_known_and_what_was_played(events: str) -> None:
    history = of(row(score=1.0, **SIGNALS[events]))
    assert history.seen == {"ann": {"e1"}}
    assert history.signal("ann", "e1") == events.split(maxsplit=1)[0].strip(",")
    is_played = SIGNALS[events].get("play_count") and "barely" not in events
    assert history.played("ann") == ({"e1"} if is_played else set())


@pytest.mark.parametrize(
    ("share", "finished"), [(0.8, {}), (0.81, {"e1": 0.81}), (1.0, {"e1": 1.0})]
)
def test_an_episode_is_finished_past_four_fifths(share: float, finished: dict) -> None:
    assert of(played(share)).finished == {"ann": finished}


def test_days_after_as_of_are_ignored_including_their_listeners() -> None:
    history = of(played(0.9), played(0.9, ago=-1, episode="e2"), played(0.9, ago=-1, user="bob"))
    assert (history.users, history.items) == (["ann"], ["e1"])
    assert history.seen == {"ann": {"e1"}}
    assert history.recent_plays == {"e1": 1.0}


def test_what_weighs_nothing_has_no_entry_but_a_row_and_column() -> None:
    history = of(
        row(episode="gone", ago=1, like_count=1, score=LIKE),
        row(episode="gone", unlike_count=1, score=-LIKE),
        row(episode="zero"),
        played(1.0),
    )
    assert history.items == ["e1", "gone", "zero"]
    assert history.matrix.toarray()[0] == pytest.approx([1.0, 0.0, 0.0])
    assert history.matrix.nnz == 1


def test_an_episode_that_was_only_skipped_is_neither_preferred_nor_heard() -> None:
    skipped = row(episode="skipped", skip_count=1, score=0.2)
    history = of(
        skipped, played(1.0, episode="both"), row(episode="both", ago=1, skip_count=2, score=0.4)
    )
    assert history.matrix.toarray().astype(bool).tolist() == [[True, False]]
    assert history.seen == {"ann": {"both"}}


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_the_mean_of_the_matrix_is_one_in_any_unit(unit: float) -> None:
    history = of(*(played(0.9, episode=f"e{n}") | {"score": n * unit} for n in (1, 2, 3)))
    assert history.matrix.data.mean() == pytest.approx(1.0)
    assert (np.diff(history.matrix.data) > 0).all()


def test_recent_plays_count_each_listener_and_day_decayed_and_no_skips() -> None:
    history = of(
        played(0.9),
        played(0.9, user="bob", ago=45),
        row("cat", episode="e2", skip_count=1, score=0.2),
    )
    assert history.recent_plays == {"e1": pytest.approx(1.5)}


def test_no_rows_are_no_interactions() -> None:
    history = interactions(USER_VS_EPISODE_DAILY.empty(), TODAY, HALF_LIFE, LIKE)
    assert (history.users, history.items, history.matrix.shape) == ([], [], (0, 0))
    assert (history.seen, history.unliked, history.finished, history.recent_plays) == (
        {},
        {},
        {},
        {},
    )


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [played(0.3 + n / 10, user=f"u{n % 3}", episode=f"e{n % 2}", ago=n) for n in range(6)]
    forth, back = (
        interactions(
            pa.concat_tables([USER_VS_EPISODE_DAILY.rows([r]) for r in o]), TODAY, 7.0, LIKE
        )
        for o in (rows, rows[::-1])
    )
    assert forth.matrix.toarray().tobytes() == back.matrix.toarray().tobytes()
    assert forth.seen == back.seen


def test_a_play_of_unknown_length_is_heard_but_not_finished() -> None:
    history = of(row(score=1.0, play_count=1), row(episode="shown", score=0.0))
    assert history.seen == {"ann": {"e1"}}
    assert history.finished == {"ann": {}}
