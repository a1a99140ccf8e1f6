"""TF-IDF rows by hand-computed weights."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.content.similarity import tfidf


def rows(*texts: str, most: int = tfidf.MOST_TERMS) -> csr_matrix:
    weighted = tfidf.count_terms(texts)
    return tfidf.weigh(weighted, tfidf.idf(weighted), most)


def products(*texts: str) -> np.ndarray:
    weighted = rows(*texts)
    return (weighted @ weighted.T).toarray()


def test_a_cosine_is_that_of_damped_counts_times_idf() -> None:
    shared, once = 1 + np.log(4 / 3), 1 + np.log(4 / 2)
    weighted = products("castle castle pawn", "castle dough", "bread")
    first = np.array([(1 + np.log(2)) * shared, once])
    second = np.array([shared, once])
    assert weighted[0, 1] == pytest.approx(
        first[0] * second[0] / np.linalg.norm(first) / np.linalg.norm(second), rel=1e-5
    )
    assert weighted[0, 2] == weighted[1, 2] == 0


def test_only_the_heaviest_words_count() -> None:
    weighted = rows("rare rare rare mid mid low", "rare mid low", "rare mid low", most=2)
    assert np.diff(weighted.indptr).tolist() == [2, 2, 2]
    assert weighted[0].data.min() > weighted[1].data.min() * 0.9


def test_texts_without_words_have_empty_rows_and_none_give_none() -> None:
    assert np.diff(rows("", "! a", "word word", "word").indptr).tolist() == [0, 0, 1, 1]
    assert products("", "").tolist() == [[0, 0], [0, 0]]
    assert rows().shape[0] == 0


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["castle pawn", "castle dough", "bread dough", "pawn bread castle"]
    whole = products(*texts)
    monkeypatch.setattr(tfidf, "BLOCK", 1)
    assert (products(*texts) == whole).all()


def test_words_of_scripts_without_spaces_are_their_characters() -> None:
    assert products("東京へ行く", "京都", "bread")[0, 1] > 0


def test_similarity_is_of_words_pairs_of_words_and_parts_of_words() -> None:
    texts = ["castle pawn", "castle dough", "castles rise", "castle pawn"]
    weighted = tfidf.tfidf_rows(lambda: texts, len(texts))
    alike = (weighted @ weighted.T).toarray()
    assert alike[0, 3] == pytest.approx(1.0, rel=1e-5)
    assert 0 < alike[0, 2] < tfidf.KINDS[2].share
    assert alike[0, 2] < alike[0, 1] < alike[0, 3]


def test_words_of_one_text_alone_do_not_lengthen_its_row() -> None:
    texts = [
        f"castle pawn{' only' * (n == 0)}" if n < 2 else f"bread {n % 9}0"
        for n in range(tfidf.COMMON_COUNT)
    ]
    assert products(*texts)[0, 1] == pytest.approx(1.0, rel=1e-5)
