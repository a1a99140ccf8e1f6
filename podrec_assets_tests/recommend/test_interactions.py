"""Interactions: scores decay; what is heard, finished or unliked follows from the events."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.schemas import USER_VS_EPISODE_DAILY

TODAY = date(2026, 11, 10)
HALF_LIFE = 45.0


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
    return interactions(USER_VS_EPISODE_DAILY.rows(rows), TODAY, half_life)


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


def test_a_second_like_outweighs_the_unlike() -> None:
    history = of(row(ago=2, like_count=1), row(ago=1, unlike_count=1), row(like_count=1))
    assert history.unliked == {"ann": set()}
    assert history.seen == {"ann": {"e1"}}


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


def test_a_sum_that_is_not_positive_has_no_entry_but_a_row_and_column() -> None:
    history = of(
        row(episode="gone", score=1.0),
        row(episode="gone", unlike_count=1, score=-2.0),
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
    history = interactions(USER_VS_EPISODE_DAILY.empty(), TODAY, HALF_LIFE)
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
        interactions(pa.concat_tables([USER_VS_EPISODE_DAILY.rows([r]) for r in o]), TODAY, 7.0)
        for o in (rows, rows[::-1])
    )
    assert forth.matrix.toarray().tobytes() == back.matrix.toarray().tobytes()
    assert forth.seen == back.seen


def test_a_play_of_unknown_length_is_heard_but_not_finished() -> None:
    history = of(row(score=1.0, play_count=1), row(episode="shown", score=0.0))
    assert history.seen == {"ann": {"e1"}}
    assert history.finished == {"ann": {}}
