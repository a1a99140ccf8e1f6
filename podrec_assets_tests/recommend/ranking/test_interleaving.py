"""Team-draft interleaving: fair shares of every list, and the result of planted preferences."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from podrec_assets.recommend.ranking.interleaving import (
    Experiment,
    outcomes,
    pooled,
    preference,
    team_draft,
    verdict,
)
from podrec_assets.schemas import USER_EVENTS
from podrec_assets_tests.recommend.planted import history_of
from podrec_assets_tests.recommend.ranking.planted_lists import (
    WIDE,
    als,
    episode,
    listener,
    lists,
    near,
)

EVERYBODY = Experiment(share=1.0, alpha=0.0, seed=7)
DAY = date(2026, 11, 10)


def ranked(names: str, shows: Sequence[str] = "") -> list[dict]:
    """Returns items in order; each is of a show of its own, or of the show given by its letter."""
    parts = names.split()
    return [
        {"rank": n, "episode_id": e, "show_id": s, "score": 1 / n}
        for n, (e, s) in enumerate(zip(parts, shows or parts, strict=True), start=1)
    ]


def draft(a: list[dict], b: list[dict], length: int, cap: int = 99, seed: int = 7) -> list[dict]:
    return team_draft(a, b, length, cap, np.random.default_rng(seed))


def shuffled(random: np.random.Generator, shows: int, cap: int) -> list[dict]:
    """Returns ten of 30 episodes in random order, at most `cap` of a show."""
    chosen: list[str] = []
    for e in map(str, random.permutation(30)):
        if sum(int(c) % shows == int(e) % shows for c in chosen) < cap and len(chosen) < 10:
            chosen.append(e)
    return ranked(" ".join(chosen), [f"show {int(e) % shows}" for e in chosen])


def test_the_coin_decides_which_team_picks_first_and_nothing_is_picked_twice() -> None:
    """If a takes x, b takes its second item y; then a, whose y is gone, takes z."""
    orders = {
        " ".join(
            f"{i['episode_id']}{i['team']}"
            for i in draft(ranked("x y z"), ranked("x y w"), 4, seed=s)
        )
        for s in range(50)
    }
    assert orders == {"xa yb za wb", "xa yb wb za", "xb ya za wb", "xb ya wb za"}


def test_each_team_has_half_of_every_even_prefix_whatever_the_lists() -> None:
    random = np.random.default_rng(3)
    for n in range(200):
        a, b = shuffled(random, 5, 3), shuffled(random, 5, 3)
        items = draft(a, b, 10, 3, n)
        teams = [i["team"] for i in items]
        assert [teams[:k].count("a") - teams[:k].count("b") for k in range(0, 11, 2)] == [0] * 6
        assert len({i["episode_id"] for i in items}) == len(items) == 10
        assert [i["rank"] for i in items] == list(range(1, 11))
        shows = [i["show_id"] for i in items]
        assert max(map(shows.count, shows)) <= 3


def test_each_team_picks_in_its_own_order_and_keeps_its_scores() -> None:
    a, b = ranked("a1 a2 a3 a4"), ranked("b1 b2 b3 b4")
    items = draft(a, b, 8)
    for team, own in (("a", a), ("b", b)):
        of_team = [i for i in items if i["team"] == team]
        assert [(i["episode_id"], i["score"]) for i in of_team] == [
            (i["episode_id"], i["score"]) for i in own
        ]


def test_the_cap_on_shows_does_not_shorten_a_list() -> None:
    a, b = ranked("a1 a2 p q", "ssxy"), ranked("b1 b2 r t", "sszw")
    items = draft(a, b, 4, cap=2)
    assert len(items) == 4
    assert [i["show_id"] for i in items].count("s") == 2


def test_items_after_the_end_of_one_list_have_no_team() -> None:
    items = draft(ranked("x"), ranked("y z w"), 4)
    assert [i["team"] is None for i in items] == [False, False, True, True]
    assert [i["episode_id"] for i in items[2:]] == ["z", "w"]
    assert draft([], ranked("y z"), 4) == [i | {"team": None} for i in ranked("y z")]


def test_identical_lists_are_unchanged_and_favour_no_team() -> None:
    same = ranked("x y z w")
    drawn = [draft(same, same, 4, seed=s) for s in range(400)]
    assert {" ".join(i["episode_id"] for i in items) for items in drawn} == {"x y z w"}
    assert 160 < sum(items[0]["team"] == "a" for items in drawn) < 240


def test_the_draft_depends_only_on_seed_listener_and_day() -> None:
    a, b = {"items": ranked("a b c d e f g h")}, {"items": ranked("h g f e d c b a")}

    def drawn(user: str, day: date, seed: int = 7) -> str:
        document = Experiment(1.0, 0.5, seed).interleaved(
            {"user_id": user, **a}, {"user_id": user, **b}, day, 8, 99
        )
        return "".join(f"{i['episode_id']}{i['team']}" for i in document["items"])

    # A literal, because other processes must draw the same.
    assert drawn("ann", DAY) == drawn("ann", DAY) == "aahbbagbcafbdaeb"
    others = [
        drawn(u, d, s)
        for u in ("ann", "bob", "cat")
        for d in (DAY, DAY + timedelta(days=1))
        for s in (7, 8)
    ]
    assert len(set(others)) > 6


def test_a_larger_share_adds_listeners_and_removes_none() -> None:
    users = [f"listener-{n}" for n in range(2000)]
    small, large = (
        {u for u in users if Experiment(share, 0.5, 7).includes(u)} for share in (0.1, 0.3)
    )
    assert small < large
    assert (150 < len(small) < 250, 520 < len(large) < 680) == (True, True)
    assert all(EVERYBODY.includes(u) for u in users)
    assert {u for u in users if Experiment(0.1, 0.5, 8).includes(u)} != small


def test_only_lists_in_an_experiment_change_and_mix_items_of_both_blends_with_their_reasons() -> (
    None
):
    history = history_of({"ann": {"h": 1.0}, "bob": {"h": 1.0}})
    for user in ("ann", "bob"):
        history.finished[user]["h"] = 1.0
    catalogue = [episode(e) for e in ("a", "b", "c", "h")]
    arms = [als(a=4.0, b=1.0)[0] | {"user_id": u} for u in ("ann", "bob")]
    similar = near(h={"c": 0.5, "b": 0.3})
    share = next(
        s
        for s in np.linspace(0, 1, 101)
        if len({Experiment(s, 0.0, 7).includes(u) for u in ("ann", "bob")}) == 2
    )
    some = Experiment(float(share), alpha=0.0, seed=7)
    (inside,) = (u for u in ("ann", "bob") if some.includes(u))
    plain, mixed = (
        lists(history, arms, similar, catalogue, 1.0, WIDE, experiment=e) for e in (None, some)
    )
    assert {u: items for u, items in mixed.items() if u != inside} == {
        u: i for u, i in plain.items() if u != inside
    }
    items = mixed[inside]
    assert {i["episode_id"] for i in items[:2]} == {"a", "c"}
    assert {i["episode_id"]: (i["team"], i["sources"]) for i in items[:2]} == {
        "a": ("a", ["als"]),
        "c": ("b", ["content"]),
    }
    assert not {i["episode_id"] for i in items} & {"h"}


def test_without_an_experiment_no_item_has_a_team() -> None:
    by_listener = lists(
        listener(), als(a=4.0, b=1.0), near(h={"a": 0.5}), [episode("a"), episode("b")], 0.7
    )
    assert all("team" not in i for items in by_listener.values() for i in items)


def events(*rows: tuple[str, str, str, str]) -> list[dict]:
    """Returns events of a day from (listener, list version, episode, kind)."""
    names = ("user_id", "list_version", "episode_id", "kind")
    return [dict(zip(names, row, strict=True)) for row in rows]


def document(user: str, alpha: float = 0.0, **teams: str) -> dict:
    """Returns a listener's interleaved list from teams by episode."""
    return {
        "user_id": user,
        "challenger_alpha": alpha,
        "items": [{"episode_id": e, "team": t} for e, t in teams.items()],
    }


def test_credits_are_the_items_of_the_shown_list_with_a_response_each_once() -> None:
    shown = [
        ("v1", document("ann", x="a", y="b", z="a")),
        ("v1", document("bob", x="a", y="b")),
        ("v1", document("cat", x="a", y="b")),
        ("v1", document("dan", x="a", y="b")),
        ("v1", {"user_id": "eve", "items": [{"episode_id": "x"}]}),
    ]
    log = events(
        *[("ann", "v1", e, "impression") for e in "xyz"],
        ("ann", "v1", "x", "click"),
        ("ann", "v1", "x", "play"),
        ("ann", "v1", "x", "click"),
        ("ann", "v1", "y", "click"),
        ("ann", "v1", "z", "like"),
        ("bob", "v1", "x", "skip"),
        ("bob", "v1", "y", "play"),
        ("bob", "v2", "x", "click"),
        ("cat", "v1", "x", "impression"),
        ("eve", "v1", "x", "click"),
    )
    (row,) = outcomes(shown, USER_EVENTS.rows(log))
    assert {k: row[k] for k in ("a_win_count", "b_win_count", "tie_count")} == {
        "a_win_count": 1, "b_win_count": 1, "tie_count": 1,
    }  # fmt: skip
    assert (row["a_credit_count"], row["b_credit_count"], row["preference"]) == (2, 2, 0.5)


@pytest.mark.parametrize(
    ("answers", "a_credits"),
    [
        (["like", "unlike"], 0),
        (["unlike", "like"], 1),
        (["like", "unlike", "like"], 1),
        (["like", "play", "unlike"], 1),
        (["like", "unlike elsewhere"], 0),
    ],
)
def test_a_like_that_is_taken_back_credits_nobody(answers: list[str], a_credits: int) -> None:
    log = [
        {
            "user_id": "ann", "episode_id": "x", "kind": answer.split()[0],
            "list_version": None if "elsewhere" in answer else "v1",
            "occurred_at": datetime(2026, 11, 10, n, tzinfo=UTC),
        }
        for n, answer in enumerate(answers)
    ]  # fmt: skip
    (row,) = outcomes([("v1", document("ann", x="a", y="b"))], USER_EVENTS.rows(log[::-1]))
    assert (row["a_credit_count"], row["b_credit_count"]) == (a_credits, 0)


def test_a_listener_counts_once_a_day_and_each_challenger_has_its_row() -> None:
    shown = [
        ("v1", document("ann", x="a", y="b")),
        ("v2", document("ann", x="b", y="a")),
        ("v3", document("ann", 0.9, x="b")),
    ]
    log = events(
        ("ann", "v1", "x", "click"), ("ann", "v2", "x", "click"), ("ann", "v3", "x", "click")
    )
    rows = outcomes(shown, USER_EVENTS.rows(log))
    counts = [(r["challenger_alpha"], r["b_win_count"], r["tie_count"]) for r in rows]
    assert counts == [(0.0, 0, 1), (0.9, 1, 0)]


@pytest.mark.parametrize(
    ("a", "b", "low", "high", "p"), [(0, 5, 0.4782, 1.0, 0.0625), (10, 10, 0.272, 0.728, 1.0)]
)
def test_the_interval_is_clopper_pearson_and_the_test_a_sign_test(
    a: int, b: int, low: float, high: float, p: float
) -> None:
    """5 of 5: lower end 0.025 ** (1 / 5), p-value 2 / 2 ** 5; 10 of 20: from tables."""
    result = preference(a, b)
    assert result == pytest.approx(
        {"preference": b / (a + b), "low": low, "high": high, "p_value": p}, abs=1e-3
    )


def clicks(better: float, seed: int) -> dict:
    """Returns the row of 300 listeners who look at six items of an interleaved list.

    They click a worthy item with probability 0.3, any other with 0.3 - `better`. Only the
    challenger lists worthy ones.
    """
    random = np.random.default_rng(seed)
    worthy, others = [f"w{n}" for n in range(10)], [f"o{n}" for n in range(10)]
    shown, log = [], []
    for n in range(300):
        served = {"user_id": f"u{n}", "items": ranked(" ".join(others))}
        challenger = {"user_id": f"u{n}", "items": ranked(" ".join(worthy))}
        document = EVERYBODY.interleaved(served, challenger, DAY, 10, 99)
        shown.append(("v1", document))
        for i in document["items"][:6]:
            log.append((f"u{n}", "v1", i["episode_id"], "impression"))
            if random.random() < (0.3 if i["episode_id"] in worthy else 0.3 - better):
                log.append((f"u{n}", "v1", i["episode_id"], "click"))
    (row,) = outcomes(shown, USER_EVENTS.rows(events(*log)))
    return row


def test_a_better_challenger_is_detected() -> None:
    row = clicks(better=0.15, seed=1)
    assert row["low"] > 0.5
    assert row["p_value"] < 0.001
    assert verdict(row).startswith("The challenger is better: 0.")


def test_a_worse_challenger_is_detected() -> None:
    assert verdict(clicks(better=-0.15, seed=1)).startswith("The served blend is better: 0.")


def test_without_a_difference_false_alarms_are_about_as_rare_as_the_interval_says() -> None:
    rows = [clicks(better=0.0, seed=s) for s in range(15)]
    assert sum(not r["low"] <= 0.5 <= r["high"] for r in rows) <= 3
    assert sum(verdict(r).startswith("No difference is shown") for r in rows) >= 12


def test_days_are_summed_by_challenger_and_a_row_of_ties_has_its_own_verdict() -> None:
    counts = {
        "a_win_count": 5,
        "b_win_count": 20,
        "tie_count": 3,
        "a_credit_count": 9,
        "b_credit_count": 30,
    }
    days = [
        {"day": DAY + timedelta(days=n), "challenger_alpha": alpha, **counts}
        for n in range(2)
        for alpha in (0.1, 0.9)
    ]
    first, second = pooled(days)
    assert (first["challenger_alpha"], second["challenger_alpha"], first["day_count"]) == (
        0.1,
        0.9,
        2,
    )
    assert (first["a_win_count"], first["b_win_count"], first["preference"]) == (10, 40, 0.8)
    assert verdict({"preference": None}) == "No listener has preferred either blend yet."
