"""Offline evaluation: rating files, splits and full ranking, by hand and on published data."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.errors import UnusableInputError
from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.recommend.rating_evaluation import evaluate_ratings
from podrec_assets.recommend.als import reference
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.evaluation import metrics, offline
from podrec_assets.recommend.evaluation.rating_files import Ratings, read_ratings
from podrec_assets.recommend.evaluation.splits import held_out
from podrec_assets.settings import Settings

pytestmark = pytest.mark.slow

FILES = {
    "ml-100k": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "7\tb\t3\t100\n7\ta\t5\t50\n9\ta\t1\t70\n",
    "lastfm": "3\n3\n7\tb\t3\n7\ta\t5\n9\ta\t1\n",
    "csv": "user,item,value,timestamp\n7,b,3,100\n7,a,5,50\n9,a,1,70\n",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_the_three_formats_give_the_same_numbers(tmp_path: Path, kind: str, zipped: bool) -> None:
    file = tmp_path / ("ratings.txt.gz" if zipped else "ratings.txt")
    data = FILES[kind].encode()
    file.write_bytes(gzip.compress(data) if zipped else data)
    ratings = read_ratings(file, kind)
    assert ratings.user.tolist() == [0, 0, 1]
    assert ratings.item.tolist() == [1, 0, 0]
    assert ratings.value.tolist() == [3, 5, 1]
    assert (ratings.user_count, ratings.item_count) == (2, 2)
    assert (ratings.timestamp is None) == (kind == "lastfm")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("csv", "user,item,value\n1,2,x\n", "line 2: could not convert"),
        ("csv", "a,b,c\n1,2,3\n", "line 1: the header has no column item and user"),
        ("ml-100k", "1\t2\n", "line 1: not enough values"),
        ("lastfm", "user artist weight\n", "has no ratings"),
        ("csv", "", "line 1: the header has no column item and user"),
        ("csv", "user,item,value\n1,2,0\n1,3,-1\n", "has no ratings above 0"),
        ("csv", 'user,item,value\n1,2,1\n"1",3\n', "line 3: not enough values"),
        ("csv", "user,item,value,timestamp\n1,2,3,soon\n", "line 2: Invalid isoformat"),
    ],
    ids=[
        "not a number",
        "other header",
        "too few columns",
        "only a header",
        "empty",
        "nothing positive",
        "a short line",
        "no time",
    ],
)
def test_a_file_of_another_format_is_refused_and_the_line_named(
    tmp_path: Path, kind: str, text: str, words: str
) -> None:
    (tmp_path / "f").write_text(text)
    with pytest.raises(UnusableInputError, match=words):
        read_ratings(tmp_path / "f", kind)


def read_csv(tmp_path: Path, text: str) -> Ratings:
    (tmp_path / "ratings.csv").write_bytes(text.encode())
    return read_ratings(tmp_path / "ratings.csv", "csv")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffuser,item,value,timestamp\r\n7,b,3,100\r\n7,a,5,50\r\n9,a,1,70\r\n",
        '"timestamp","User_ID","title","itemId","rating"\n'
        '100,7,"x, y",b,3\n50,"7",,a,5.0\n70,9,"q ""z""\nw",a,1e0\n\n',
        "user;item;count;time\n7;b;3;1970-01-01T00:01:40Z\n"
        "7;a;5;1970-01-01 00:00:50\n9;a;1;1970-01-01T01:01:10+01:00\n",
        "user\titem\tvalue\ttimestamp\n"
        "7\tb\t3\t100\n7\ta\t2\t50\n9\ta\t1\t70\n9\tc\t0\t80\n7\ta\t3\t60\n",
    ],
    ids=[
        "byte order mark and CRLF",
        "quoted, more columns, other order and names",
        "semicolons and ISO 8601",
        "zeros and repeats",
    ],
)
def test_common_variants_of_csv_give_the_same_numbers(tmp_path: Path, text: str) -> None:
    ratings = read_csv(tmp_path, text)
    assert ratings.user.tolist() == [0, 0, 1]
    assert ratings.item.tolist() == [1, 0, 0]
    assert ratings.value.tolist() == [3, 5, 1]
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [100, 50, 70]
    assert (ratings.user_count, ratings.item_count) == (2, 2)


def test_a_csv_without_values_counts_lines_and_has_no_timestamps(tmp_path: Path) -> None:
    ratings = read_csv(tmp_path, "item,user\na,x\na,x\nb,x\n")
    assert (ratings.value.tolist(), ratings.timestamp, ratings.left_out) == ([2.0, 1.0], None, 0)
    assert read_csv(tmp_path, "user,item,value\nx,a,1\nx,b,0\nx,c,nan\n").left_out == 2


def test_users_without_training_data_get_popular_items() -> None:
    """User 2 and item 3 are new: the user gets popular items, known items rank above item 3."""
    train = csr_matrix(np.array([[1.0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]))
    test = csr_matrix(np.array([[0, 1.0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]))
    scorer = offline.als_scorer(reference.fit(train, AlsConfig(2, 0.1, 1.0, 5, 1)), train)
    lists = {
        int(u): i.tolist()
        for users, items in offline.ranked(scorer, train, np.arange(3), 2)
        for u, i in zip(users, items, strict=True)
    }
    assert lists[2] == [2, 0]
    assert lists[1][0] == 0
    recall = offline.measure(scorer, train, test, 2, 1)["recall@2"]
    assert isinstance(recall, float)
    assert recall > 0.3


def test_values_are_damped() -> None:
    ratings = Ratings(np.array([0, 1]), np.array([0, 1]), np.array([5.0, 1.0]), None, 2, 2)
    assert ratings.matrix(np.array([True, True])).toarray() == pytest.approx(
        np.array([[math.log(6), 0], [0, math.log(2)]]) * 2 / math.log(12)
    )


def ratings_of(user_sizes: list[int]) -> Ratings:
    user = np.repeat(np.arange(len(user_sizes)), user_sizes).astype(np.int32)
    size = len(user)
    return Ratings(
        user,
        np.arange(size, dtype=np.int32),
        np.ones(size),
        np.arange(size)[::-1].astype(float),
        len(user_sizes),
        size,
    )


def test_each_split_holds_out_what_its_name_says() -> None:
    ratings = ratings_of([4, 8, 1])
    temporal = held_out(ratings, "per-user-temporal", 1)
    assert np.flatnonzero(temporal).tolist() == [0, 4, 5]
    assert np.flatnonzero(held_out(ratings, "global-temporal", 1)).tolist() == [0, 1, 2]
    assert np.flatnonzero(held_out(ratings, "leave-one-out", 1)).tolist() == [0, 4]
    random = held_out(ratings, "random", 1)
    assert np.bincount(ratings.user[random], minlength=3).tolist() == [1, 2, 0]
    assert (random == held_out(ratings, "random", 1)).all()
    assert (random != held_out(ratings, "random", 2)).any()


def test_a_temporal_split_without_timestamps_is_refused() -> None:
    ratings = Ratings(np.array([0]), np.array([0]), np.ones(1), None, 1, 1)
    with pytest.raises(UnusableInputError, match="per-user-temporal needs timestamps"):
        held_out(ratings, "per-user-temporal", 1)


def test_measures_of_a_ranking_match_those_by_hand() -> None:
    train = csr_matrix([[1, 0, 0, 0], [0, 1, 0, 0]])
    test = csr_matrix([[0, 0, 1, 0], [0, 0, 0, 1]])
    scores = np.array([[9.0, 3, 2, 1], [4, 9, 2, 1]])
    measures = offline.measure(lambda users: scores[users].copy(), train, test, 2, 1)
    # User 0 sees items 1, 2 (wanted: 2); user 1 sees 0, 2 (wanted: 3).
    assert measures["ndcg@2"] == pytest.approx((1 / math.log2(3)) / 2, abs=1e-5)
    assert (measures["recall@2"], measures["mrr@2"], measures["coverage"]) == (0.5, 0.25, 0.75)


def test_gini_and_reciprocal_rank() -> None:
    assert metrics.gini(np.array([3, 3, 3])) == 0
    assert metrics.gini(np.array([0, 0, 0, 8])) == 0.75
    assert metrics.gini(np.zeros(3)) == 0
    assert metrics.mrr_at_k(["a", "b", "c"], {"c", "b"}, 3) == 0.5
    assert metrics.mrr_at_k(["a", "b", "c"], {"c"}, 2) == 0


def test_sampled_metrics_of_a_perfect_and_an_uninformed_ranker() -> None:
    train = csr_matrix((np.ones(2), ([0, 1], [0, 1])), shape=(2, 300))
    test = csr_matrix((np.ones(2), ([0, 1], [5, 6])), shape=(2, 300))
    perfect = np.zeros((2, 300))
    perfect[0, 5] = perfect[1, 6] = 1
    assert offline.measure_sampled(lambda users: perfect[users], train, test, 10, 1) == {
        "sampled_hit_rate@10": 1.0,
        "sampled_ndcg@10": 1.0,
    }
    uninformed = offline.measure_sampled(
        lambda users: np.zeros((len(users), 300)), train, test, 10, 1
    )
    assert uninformed["sampled_hit_rate@10"] == 0.0


@pytest.mark.parametrize(
    ("name", "kind", "split", "share", "least", "times"),
    [
        ("ml-100k.inter.gz", "ml-100k", "random", 0.25, 0.44, 1.6),
        ("ml-100k.inter.gz", "ml-100k", "per-user-temporal", 0.25, 0.21, 1.4),
        ("lastfm-2k.user_artists.dat.gz", "lastfm", "random", 0.2, 0.22, 2.0),
    ],
    ids=["ml-100k random", "ml-100k last quarter", "last.fm"],
)
def test_als_with_the_default_settings_is_good_on_published_ratings(
    shared_data: Path,
    settings: Settings,
    name: str,
    kind: str,
    split: str,
    share: float,
    least: float,
    times: float,
) -> None:
    config = AlsConfig.from_settings(settings)
    ratings = read_ratings(shared_data / "ratings" / name, kind)
    by_ranker = evaluate_ratings(ComputeEngine(None), ratings, config, split, share, 10)["metrics"]
    assert by_ranker["als"]["ndcg@10"] >= least
    assert by_ranker["als"]["ndcg@10"] >= times * by_ranker["popularity"]["ndcg@10"]
    assert by_ranker["random"]["ndcg@10"] < 0.05
