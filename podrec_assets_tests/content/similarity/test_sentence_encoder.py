"""The packaged encoder returns unit vectors of one version and truncates nothing."""

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from podrec_assets.content.similarity import sentence_encoder as encoders
from podrec_assets.content.similarity.sentence_encoder import (
    SentenceEncoder,
    has_native_bfloat16,
    packaged_model,
    revision,
)
from podrec_assets.errors import PermanentError, SetupError

TEXTS = [
    "The cat sat on the mat.",
    "A kitten rests on a rug.",
    "The central bank raised interest rates.",
    "",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_vectors_are_unit_float32_rows_of_the_models_dimension(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_similar_meanings_are_nearer_whatever_the_order_of_texts(
    encoder: SentenceEncoder,
) -> None:
    cat, kitten, bank, _ = encoder.encode(TEXTS)
    assert cat @ kitten > 0.5
    assert cat @ bank < 0.2
    assert np.array_equal(encoder.encode(TEXTS[::-1])[3], cat)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_vectors_depend_neither_on_the_batch_nor_on_threads(
    monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    """Padded batches gave other bytes on a Spark worker, with bfloat16 even other digits."""
    encoder = SentenceEncoder(dtype=dtype)
    texts = [f"comet {n} {'really ' * (37 * n % 60)}broke apart" for n in range(12)]
    expected = dict(zip(texts, encoder.encode(texts), strict=True))
    for seed in range(20):
        chance = random.Random(seed)
        pool = ThreadPoolExecutor(1 + seed % 3, initializer=torch.set_num_threads, initargs=(1,))
        monkeypatch.setattr(encoders, "_threads", lambda pool=pool: pool)
        monkeypatch.setattr(encoders, "BATCH", chance.randint(1, 12))
        chosen = chance.sample(texts, chance.randint(1, 12))
        assert np.array_equal(encoder.encode(chosen), np.stack([expected[t] for t in chosen])), seed


def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_special_tokens_are_not_counted(encoder: SentenceEncoder) -> None:
    assert [encoder.count_tokens(t) for t in ("", "hello", "hello world.", "hello " * 254)] == [
        0,
        1,
        3,
        254,
    ]


def test_a_text_that_fills_the_window_is_encoded_and_one_token_more_is_refused(
    encoder: SentenceEncoder,
) -> None:
    assert encoder.encode(["hello " * 254]).shape == (1, 384)
    with pytest.raises(
        PermanentError,
        match="255 tokens is more than the encoder's 254: set PODREC_CHUNK_TOKENS lower",
    ):
        encoder.encode(["short", "hello " * 255])


def test_the_version_names_model_revision_dimension_and_precision(encoder: SentenceEncoder) -> None:
    packaged_revision = revision(packaged_model())
    assert (
        SentenceEncoder(dtype="float32").version
        == f"all-MiniLM-L6-v2@{packaged_revision}/384/float32"
    )
    assert (
        SentenceEncoder(str(packaged_model()), "bfloat16").version
        == f"model@{packaged_revision}/384/bfloat16"
    )
    assert encoder.version.endswith("/bfloat16" if has_native_bfloat16() else "/float32")


def test_a_model_with_other_weights_under_the_same_name_is_another_revision(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "a" / "README.md").write_text("words")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "README.md").write_text("other words")
    assert revision(tmp_path / "a") == revision(tmp_path / "b")
    (tmp_path / "b" / "model.safetensors").write_bytes(b"Weights")
    assert revision(tmp_path / "a") != revision(tmp_path / "b")


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"avx512_f": True, "avx2": True}, "float32"),
    ],
)
def test_bfloat16_is_taken_only_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, able: dict, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert SentenceEncoder().dtype == expected
    assert SentenceEncoder(dtype="float32").dtype == "float32"


def test_bfloat16_gives_nearly_the_same_unit_vectors() -> None:
    rough = SentenceEncoder(dtype="bfloat16").encode(TEXTS)
    assert np.linalg.norm(rough, axis=1) == pytest.approx(1, abs=1e-6)
    assert (rough * SentenceEncoder(dtype="float32").encode(TEXTS)).sum(axis=1)[:3].min() > 0.99


def test_progress_reports_done_and_total(
    encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "BATCH", 2)
    told: list[tuple[int, int]] = []
    encoder.encode(["one", "two words", "three"], lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_a_missing_folder_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PODREC_EMBEDDING_MODEL"):
        SentenceEncoder(str(tmp_path / "none")).encode(["x"])
