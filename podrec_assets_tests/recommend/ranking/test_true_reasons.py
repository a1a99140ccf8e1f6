"""A reason says only what happened: each kind of event has its own words."""

from datetime import timedelta

import pytest

from podrec_assets.recommend.als import implicit
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets_tests.recommend.planted import CONFIG
from podrec_assets_tests.recommend.ranking.planted_lists import TODAY, als, episode, lists, near

FINISHED = {"play_count": 1, "max_completed_share": 0.9, "score": 3.0}
PLAYED = {"play_count": 1, "max_completed_share": 0.5, "score": 1.0}
BEGUN = {"play_count": 1, "max_completed_share": 0.1, "score": 0.5}
LIKED = {"like_count": 1, "score": 2.0}
SHARED = {"share_count": 1, "score": 2.5}
UNLIKED = {"like_count": 1, "unlike_count": 1, "is_liked": False, "score": 0.0}

# What ann did with h -> words of ALS, and of the content arm.
SAID = {
    "finished": (FINISHED, "“Title h” as you did", "You finished “Title h”"),
    "played": (PLAYED, "“Title h” as you did", "You listened to “Title h”"),
    "liked": (LIKED, "“Title h”, which you liked,", "You liked “Title h”"),
    "shared": (SHARED, "“Title h”, which you shared,", "You shared “Title h”"),
    "liked and begun": (BEGUN | LIKED, "“Title h”, which you liked,", "You liked “Title h”"),
    "liked and played": (PLAYED | LIKED, "“Title h”, which you liked,", "You liked “Title h”"),
    "liked and shared": (LIKED | SHARED, "“Title h”, which you shared,", "You shared “Title h”"),
    "liked, finished": (FINISHED | LIKED, "“Title h” as you did", "You finished “Title h”"),
    "shared, unliked": (UNLIKED | SHARED, "“Title h”, which you shared,", "You shared “Title h”"),
}  # fmt: skip


def history(*rows: tuple[str, str, dict], ago: int = 0) -> Interactions:
    """Returns the interactions in (listener, episode, counts)."""
    day = TODAY - timedelta(days=ago)
    daily = [{"day": day, "user_id": user, "episode_id": e, **counts} for user, e, counts in rows]
    return interactions(USER_VS_EPISODE_DAILY.rows(daily), TODAY, 45.0, 2.0)


@pytest.mark.parametrize("events", SAID)
def test_a_reason_names_the_strongest_thing_that_the_listener_did(events: str) -> None:
    counts, by_others, by_content = SAID[events]
    ann, catalogue = history(("ann", "h", counts)), [episode("a"), episode("h")]
    documents = als(because="h", listeners=2, a=1.0)
    (first,) = lists(ann, documents, [], catalogue, 1.0)["ann"]
    assert first["reason"] == f"2 listeners who played {by_others} also played this."
    (first,) = lists(ann, [], near(h={"a": 1.0}), catalogue, 0.0)["ann"]
    assert first["reason"].startswith(f"{by_content}; ")


@pytest.mark.parametrize("counts", [UNLIKED, BEGUN, {"skip_count": 1, "score": 0.2}, {"score": 0}])
def test_what_was_not_heard_is_no_cause(counts: dict) -> None:
    ann, catalogue = history(("ann", "h", counts)), [episode("a"), episode("h")]
    items = lists(ann, [], near(h={"a": 1.0}), catalogue, 0.0)["ann"]
    assert [i["because"] for i in items if i["episode_id"] == "a"] == [None]


@pytest.mark.parametrize("counts", [LIKED, SHARED, PLAYED, FINISHED])
def test_only_listeners_who_played_are_said_to_have_played(counts: dict) -> None:
    """Three others liked, shared or played both h and a; ann only liked h."""
    others = [(f"u{n}", e, counts) for n in range(3) for e in ("a", "h")]
    known = history(("ann", "h", LIKED), *others, *((f"v{n}", "b", PLAYED) for n in range(3)))
    documents = list(top_n(implicit.fit(known.matrix, CONFIG), known, CONFIG, 5))
    catalogue = [episode(e) for e in ("a", "b", "h")]
    first = lists(known, documents, [], catalogue, 1.0)["ann"][0]
    assert first["episode_id"] == "a"
    is_played = "play_count" in counts
    if is_played:
        assert first["reason"].startswith("3 listeners who played “Title h”, which you liked, ")
    else:
        assert first["reason"] == "Listeners with a history like yours chose this."
    newcomer = lists(known, [], [], catalogue, 0.5)[""]
    (popular,) = (i["reason"] for i in newcomer if i["episode_id"] == "a")
    assert is_played or "played it" not in popular
