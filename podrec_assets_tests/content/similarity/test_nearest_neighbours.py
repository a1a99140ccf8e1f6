"""Neighbours are episodes on the same subject, with the chunks that show it."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.content.similarity import exact_knn
from podrec_assets.content.similarity.fused_similarity import (
    DIGITS,
    SEMANTIC_SHARE,
    relative_spread,
)
from podrec_assets.content.similarity.nearest_neighbours import (
    local_density,
    scaling_factors,
    similarities,
)
from podrec_assets.errors import PermanentError
from podrec_assets.schemas import EPISODES, VECTORS

CHESS, BREAD, STARS = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]


def chunk(
    episode_id: str, number: int, text: str, vector: list[float], version: str = "v1"
) -> dict:
    return {
        "day": date(2026, 2, 3),
        "episode_id": episode_id,
        "chunk": number,
        "start_s": 10.0 * number,
        "end_s": 10.0 * number + 9,
        "text": text,
        "token_count": 3,
        "vector": vector,
        "embedding_version": version,
    }


def known(
    ids: set[str], languages: dict[str, str] | None = None, audio: dict[str, str] | None = None
) -> pa.Table:
    day = date(2026, 2, 3)
    return EPISODES.rows(
        {
            "day": day,
            "episode_id": e,
            "language": (languages or {}).get(e, "en"),
            "audio_url": (audio or {}).get(e),
        }
        for e in sorted(ids)
    )


def neighbours(
    rows: list[dict], k: int = 5, without: str = "", **facts: dict[str, str]
) -> dict[str, list[dict]]:
    ids = {r["episode_id"] for r in rows if r["episode_id"] != without}
    documents = similarities(VECTORS.rows(rows), known(ids, **facts), k)
    assert [d["episode_id"] for d in documents] == sorted(ids)
    return {d["episode_id"]: d["items"] for d in documents}


PLANTED = [
    chunk("b1", 0, "knead the dough", BREAD),
    chunk("b2", 0, "let dough rise", BREAD),
    chunk("c1", 1, "castle early", CHESS),
    chunk("c1", 0, "welcome back everyone", STARS),
    chunk("c2", 0, "welcome friends", [0.0, 0.6, 0.8]),
    chunk("c2", 1, "nothing here", BREAD),
    chunk("c2", 2, "castle late", CHESS),
]


def test_episodes_on_one_subject_are_nearest_and_none_is_its_own_neighbour() -> None:
    items = neighbours(PLANTED)
    assert {e: i[0]["episode_id"] for e, i in items.items()} == {
        "b1": "b2",
        "b2": "b1",
        "c1": "c2",
        "c2": "c1",
    }
    assert all(
        e not in [i["episode_id"] for i in near] and len(near) == 3 for e, near in items.items()
    )
    assert [i["rank"] for i in items["b1"]] == [1, 2, 3]
    assert neighbours(PLANTED, 1) == {e: near[:1] for e, near in items.items()}
    assert all(
        [i["score"] for i in near] == sorted((i["score"] for i in near), reverse=True)
        for near in items.values()
    )


def test_evidence_is_the_pair_of_chunks_that_are_closest_with_their_times() -> None:
    [there] = neighbours([r for r in PLANTED if r["episode_id"] in ("c1", "c2")])["c1"]
    evidence = {k: there[k] for k in ("here_s", "there_s", "here_text", "there_text")}
    assert evidence == {
        "here_s": 10.0,
        "there_s": 20.0,
        "here_text": "castle early",
        "there_text": "castle late",
    }


def test_of_equally_close_chunks_the_earliest_are_the_evidence() -> None:
    rows = [chunk(e, n, "castle", CHESS) for e in ("e1", "e2") for n in (2, 0, 1)]
    assert [(i["here_s"], i["there_s"]) for i in neighbours(rows)["e1"]] == [(0.0, 0.0)]


def test_a_word_said_eight_times_counts_about_three_times() -> None:
    items = neighbours(
        [chunk("e1", 0, "castle " * 8 + "pawn", CHESS), chunk("e2", 0, "pawn", CHESS)]
    )
    castle = (1 + np.log(8)) * (1 + np.log(3 / 2))
    # No pair of words is shared; of parts of words, both of pawn and none of the four of castle.
    words, parts = 1 / np.hypot(1, castle), 2 / np.sqrt(2 * (2 + 4 * castle**2))
    assert items["e1"][0]["lexical"] == pytest.approx(0.4 * words + 0.2 * parts, abs=10**-DIGITS)


def test_the_score_is_a_share_of_the_meaning_and_the_rest_of_the_words() -> None:
    rows = [chunk("e1", 0, "one two", [1.0, 0.0]), chunk("e2", 0, "one two", [0.6, 0.8])]
    [item] = neighbours(rows)["e1"]
    assert (item["cosine"], item["lexical"]) == (0.6, 1.0)
    assert item["score"] == pytest.approx(
        SEMANTIC_SHARE * 0.6 + (1 - SEMANTIC_SHARE), abs=10**-DIGITS
    )


def test_both_arms_have_equal_variance() -> None:
    random = np.random.default_rng(3)
    semantic = random.normal(size=(60, 8))
    semantic /= np.linalg.norm(semantic, axis=1, keepdims=True)
    words = csr_matrix(np.abs(random.normal(size=(60, 40))) / 10)
    scale = relative_spread(semantic, words)
    different = ~np.eye(60, dtype=bool)
    cosines, lexicals = (semantic @ semantic.T)[different], (words @ words.T).toarray()[different]
    assert (scale * cosines).std() == pytest.approx(lexicals.std(), rel=1e-6)
    assert relative_spread(semantic[:5], words[:5]) == 1.0


def test_meaning_that_all_episodes_share_is_removed() -> None:
    shared = [(f"e{n}", [3.0, float(n == 1), float(n == 2), float(n >= 3)]) for n in range(1, 5)]
    rows = [chunk(e, 0, f"word{e}", (np.array(v) / np.linalg.norm(v)).tolist()) for e, v in shared]
    items = neighbours(rows)
    assert items["e3"][0]["episode_id"] == "e4"
    assert {i["episode_id"] for i in items["e1"] if i["cosine"] > 0} == set()


@pytest.mark.parametrize("k", [1, 3, 29, 100])
def test_ties_go_by_id_whatever_k_is(k: int) -> None:
    ids = [f"e{n:02}" for n in range(30)]
    items = neighbours([chunk(e, 0, "same words", CHESS) for e in reversed(ids)], k)
    for own in ("e00", "e07", "e29"):
        assert [i["episode_id"] for i in items[own]] == [e for e in ids if e != own][:k]


def test_a_shorter_list_is_the_beginning_of_a_longer_one() -> None:
    kinds = np.random.default_rng(5).integers(0, 3, 60)
    topics = [("castle pawn", CHESS), ("dough rise", BREAD), ("castle dough", STARS)]
    rows = [chunk(f"e{n:02}", 0, *topics[kind]) for n, kind in enumerate(kinds)]
    whole, short = neighbours(rows, 60), neighbours(rows, 4)
    assert short == {e: near[:4] for e, near in whole.items()}


def test_block_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = neighbours(PLANTED)
    monkeypatch.setattr(exact_knn, "CELLS", 9)
    assert neighbours(PLANTED) == whole


def test_unannounced_episodes_are_ignored() -> None:
    items = neighbours(PLANTED, without="c2")
    assert {i["episode_id"] for near in items.values() for i in near} == {"b1", "b2", "c1"}


def test_vectors_of_two_versions_are_refused() -> None:
    with pytest.raises(PermanentError, match="several versions cannot be compared"):
        neighbours([*PLANTED, chunk("e9", 0, "x", CHESS, version="v2")])


def test_no_episodes_have_no_neighbours_and_one_has_none() -> None:
    assert similarities(VECTORS.empty(), EPISODES.empty(), 5) == []
    assert neighbours([chunk("e1", 0, "alone here", CHESS)]) == {"e1": []}


def test_episodes_without_words_are_compared_by_meaning_alone() -> None:
    items = neighbours([chunk("e1", 0, "a", CHESS), chunk("e2", 0, "!", CHESS)])
    assert (items["e1"][0]["lexical"], items["e1"][0]["cosine"], items["e1"][0]["score"]) == (
        0.0,
        1.0,
        SEMANTIC_SHARE,
    )


def test_common_words_are_ignored_in_a_large_catalogue() -> None:
    rows = [chunk(f"e{n:02}", 0, f"podcast today only{n}", CHESS) for n in range(20)]
    assert {i["lexical"] for near in neighbours(rows).values() for i in near} == {0.0}
    assert {i["lexical"] > 0 for near in neighbours(rows[:19]).values() for i in near} == {True}


def test_scaling_lowers_hubs_and_raises_isolated_episodes() -> None:
    crowded = np.array([0.2] * 19 + [0.8, 0.05, 0.0, 9.0])
    assert scaling_factors(crowded)[[0, 19, 20, 21, 22]] == pytest.approx(
        [1.0, 0.5, 2.0, 2.0, 0.5]
    ), "by at most two either way"
    assert scaling_factors(crowded[-19:]) == pytest.approx(np.ones(19)), (
        "too few to tell what is usual"
    )


def test_local_density_is_the_mean_of_the_ten_nearest() -> None:
    assert local_density(np.array([0.1] * 50 + [0.3, 0.9] * 5)) == pytest.approx(0.6)
    assert (local_density(np.array([0.5, 0.1])), local_density(np.array([]))) == (
        pytest.approx(0.3),
        0.0,
    )


def test_a_hub_scores_less_than_its_similarity() -> None:
    pairs = [[chunk(f"e{n:02}", 0, f"matter{n // 2} talk{n // 2}", CHESS)] for n in range(24)]
    hub = chunk("hub", 0, " ".join(f"matter{n} talk{n}" for n in range(12)), CHESS)
    near = neighbours([row for rows in pairs for row in rows] + [hub])["e05"]
    fused = {i["episode_id"]: round((1 - SEMANTIC_SHARE) * i["lexical"], DIGITS) for i in near}
    scores = {i["episode_id"]: i["score"] for i in near}
    assert near[0]["episode_id"] == "e04"
    assert scores["e04"] == fused["e04"], "surroundings as usual"
    assert scores["hub"] < fused["hub"] * 0.9


def test_chunked_tables_give_the_same_result() -> None:
    pieces = [VECTORS.rows(PLANTED[:3]), VECTORS.rows(PLANTED[3:])]
    ids = known({r["episode_id"] for r in PLANTED})
    assert similarities(pa.concat_tables(pieces), ids, 2) == similarities(
        VECTORS.rows(PLANTED), ids, 2
    )


LONG = "the rook goes to the seventh rank and the king can only shuffle between two squares"


def test_a_copy_of_the_same_recording_is_no_neighbour_and_only_one_copy_is_in_a_list() -> None:
    copies = [chunk(e, 0, f"{LONG}. {e} begins here", CHESS) for e in ("c1", "c2", "c3")]
    items = neighbours(
        [
            *copies,
            chunk("c9", 0, "a rook and a king", CHESS),
            chunk("b1", 0, "knead the dough", BREAD),
        ]
    )
    assert {e: [i["episode_id"] for i in near] for e, near in items.items()} == {
        "b1": ["c1", "c9"],
        "c1": ["c9", "b1"],
        "c2": ["c9", "b1"],
        "c3": ["c9", "b1"],
        "c9": ["c1", "b1"],
    }


def test_episodes_with_one_audio_address_are_one_recording() -> None:
    rows = [
        chunk("c1", 0, "castle early", CHESS),
        chunk("c2", 0, "castle late", CHESS),
        chunk("c3", 0, "castle", CHESS),
    ]
    audio = {"c1": "https://a.example/1.mp3", "c2": "https://a.example/1.mp3"}
    assert {
        e: [i["episode_id"] for i in near] for e, near in neighbours(rows, audio=audio).items()
    } == {
        "c1": ["c3"],
        "c2": ["c3"],
        "c3": ["c1"],
    }


def test_neighbours_share_a_language_and_an_unknown_one_counts_as_the_most_common() -> None:
    rows = [chunk(e, 0, "schach castle", CHESS) for e in ("d1", "d2", "e1", "e2", "e3", "x1")]
    languages = {"d1": "de", "d2": "de", "x1": ""}
    assert {
        e: [i["episode_id"] for i in near]
        for e, near in neighbours(rows, languages=languages).items()
    } == {
        "d1": ["d2"],
        "d2": ["d1"],
        "e1": ["e2", "e3", "x1"],
        "e2": ["e1", "e3", "x1"],
        "e3": ["e1", "e2", "x1"],
        "x1": ["e1", "e2", "e3"],
    }


def test_old_episodes_gain_newer_neighbours() -> None:
    before = [r for r in PLANTED if r["episode_id"] != "c2"]
    assert "c2" not in [i["episode_id"] for i in neighbours(before)["c1"]]
    assert neighbours(PLANTED)["c1"][0]["episode_id"] == "c2"
