"""One contract for every embedding backend, and what each has of its own."""

import json
import random
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch

from podrec_assets.content.similarity import encoder_batches, openvino_encoder, sentence_encoder
from podrec_assets.content.similarity.encoder import BatchEncoder
from podrec_assets.content.similarity.encoder_batches import revision
from podrec_assets.content.similarity.encoder_choice import BACKENDS, make_encoder
from podrec_assets.content.similarity.openvino_encoder import OpenVinoEncoder
from podrec_assets.content.similarity.sentence_encoder import SentenceEncoder, packaged_model
from podrec_assets.errors import PermanentError, SetupError

TEXTS = [
    "The cat sat on the mat.",
    "A kitten rests on a rug.",
    "The central bank raised interest rates.",
    "",
]
HOSTILE = [
    *TEXTS,
    "hello " * 254,
    "naïve café — “quotes”, Ελληνικά, 한국어, 漢字 and 🚀\u200d\u200b\x07",
    " ".join(f"chapter {n}: the comet broke apart" for n in range(20)),
]
"""Of lengths that a padded batch pads by far."""

Open = Callable[..., BatchEncoder]


@pytest.fixture(scope="module", params=list(BACKENDS))
def open_encoder(request: pytest.FixtureRequest, minilm: Path) -> Open:
    """Returns what opens MiniLM by one of the backends."""
    name = str(minilm) if request.param == "openvino" else ""
    return lambda *options, **named: make_encoder(f"{request.param}:{name}", *options, **named)


@pytest.fixture(scope="module")
def encoder(open_encoder: Open) -> BatchEncoder:
    return open_encoder()


def test_vectors_are_unit_float32_rows_of_the_models_dimension(encoder: BatchEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_similar_meanings_are_nearer_whatever_the_order_of_texts(encoder: BatchEncoder) -> None:
    cat, kitten, bank, _ = encoder.encode(TEXTS)
    assert cat @ kitten > 0.5
    assert cat @ bank < 0.2
    assert np.array_equal(encoder.encode(TEXTS[::-1])[3], cat)


def test_vectors_are_those_of_the_library_itself_in_a_padded_batch(encoder: BatchEncoder) -> None:
    """sentence-transformers in float32 is the oracle."""
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(packaged_model()), device="cpu", local_files_only=True)
    oracle = library.encode(HOSTILE, batch_size=len(HOSTILE), normalize_embeddings=True)
    assert (encoder.encode(HOSTILE) * oracle).sum(axis=1).min() >= 0.9999
    special = 2
    lengths = [len(library.tokenizer(t)["input_ids"]) - special for t in HOSTILE]
    assert [encoder.count_tokens(t) for t in HOSTILE] == lengths


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_vectors_depend_neither_on_the_batch_nor_on_threads(
    monkeypatch: pytest.MonkeyPatch, open_encoder: Open, dtype: str
) -> None:
    """Padded batches gave other bytes on a Spark worker, with bfloat16 even other digits."""
    by_threads: dict[int, BatchEncoder] = {}
    for threads in (1, 2, 3):
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        by_threads[threads] = open_encoder(dtype)
    if isinstance(by_threads[1], OpenVinoEncoder) and dtype not in runnable():
        pytest.skip("this processor has no bfloat16")
    texts = [f"comet {n} {'really ' * (37 * n % 60)}broke apart" for n in range(12)]
    expected = dict(zip(texts, by_threads[2].encode(texts), strict=True))
    for seed in range(20):
        chance, threads = random.Random(seed), 1 + seed % 3
        # What torch's own setting of threads does to the pool of SentenceEncoder.
        pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        monkeypatch.setattr(sentence_encoder, "_threads", lambda pool=pool: pool)
        monkeypatch.setattr(encoder_batches, "BATCH", chance.randint(1, 12))
        chosen = chance.sample(texts, chance.randint(1, 12))
        vectors = by_threads[threads].encode(chosen)
        assert np.array_equal(vectors, np.stack([expected[t] for t in chosen])), seed


def runnable() -> set[str]:
    return {"float32"} | ({"bfloat16"} if openvino_encoder.has_native_bfloat16() else set())


def test_no_texts_give_no_rows(encoder: BatchEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_special_tokens_are_not_counted(encoder: BatchEncoder) -> None:
    texts = ("", "hello", "hello world.", "hello " * 254)
    assert [encoder.count_tokens(t) for t in texts] == [0, 1, 3, 254]


def test_a_text_that_fills_the_window_is_encoded_and_one_token_more_is_refused(
    encoder: BatchEncoder,
) -> None:
    assert encoder.encode(["hello " * 254]).shape == (1, 384)
    message = "255 tokens is more than the encoder's 254: set PODREC_CHUNK_TOKENS lower"
    with pytest.raises(PermanentError, match=message):
        encoder.encode(["short", "hello " * 255])


def test_a_worker_opens_the_same_encoder_by_its_model_path(encoder: BatchEncoder) -> None:
    again = make_encoder(encoder.model_path, encoder.dtype, "auto")
    assert (type(again), again.version) == (type(encoder), encoder.version)


def test_progress_reports_done_and_total(
    encoder: BatchEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_batches, "BATCH", 2)
    told: list[tuple[int, int]] = []
    encoder.encode(["one", "two words", "three"], lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_missing_folder_is_named_with_its_setting(tmp_path: Path, backend: str) -> None:
    with pytest.raises(SetupError, match="none is not a model folder; check PODREC_EMBEDDING_MODE"):
        make_encoder(f"{backend}:{tmp_path / 'none'}").encode(["x"])


def test_the_version_names_model_revision_dimension_runtime_and_precision(minilm: Path) -> None:
    by_openvino = f"all-MiniLM-L6-v2@{revision(minilm)}/384/openvino"
    assert OpenVinoEncoder(str(minilm), "float32").version == f"{by_openvino}/float32"
    auto = "bfloat16" if "bfloat16" in runnable() else "float32"
    assert OpenVinoEncoder(str(minilm)).version == f"{by_openvino}/{auto}"
    by_torch = f"{revision(packaged_model())}/384/torch"
    packaged, folder = SentenceEncoder(dtype="float32"), SentenceEncoder(str(packaged_model()))
    assert packaged.version == f"all-MiniLM-L6-v2@{by_torch}/float32"
    assert folder.version.startswith(f"model@{by_torch}/")


def test_a_model_with_other_weights_under_the_same_name_is_another_revision(tmp_path: Path) -> None:
    for file in ("model.safetensors", "model.onnx"):
        folder = tmp_path / file / "a"
        folder.mkdir(parents=True)
        (folder / file).write_bytes(b"weights")
        (folder / "README.md").write_text("words")
        other = Path(shutil.copytree(folder, tmp_path / file / "b"))
        (other / "README.md").write_text("other words")
        assert revision(folder) == revision(other)
        (other / file).write_bytes(b"Weights")
        assert revision(folder) != revision(other)


@pytest.mark.parametrize(
    ("able", "expected"),
    [(["FP32", "BF16"], "bfloat16"), (["FP32", "FP16", "INT8"], "float32")],
)
def test_openvino_takes_bfloat16_only_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, able: list[str], expected: str
) -> None:
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: able)
    assert OpenVinoEncoder("x").dtype == expected
    assert OpenVinoEncoder("x", "float32").dtype == "float32"
    if expected == "float32":
        with pytest.raises(SetupError, match="set PODREC_EMBEDDING_DTYPE to auto or float32"):
            _ = OpenVinoEncoder("x", "bfloat16").dtype


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"avx512_f": True, "avx2": True}, "float32"),
    ],
)
def test_torch_takes_bfloat16_only_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, able: dict, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert SentenceEncoder().dtype == expected
    assert SentenceEncoder(dtype="float32").dtype == "float32"


def test_bfloat16_gives_nearly_the_same_unit_vectors(open_encoder: Open) -> None:
    rough = open_encoder("bfloat16")
    if isinstance(rough, OpenVinoEncoder) and "bfloat16" not in runnable():
        pytest.skip("this processor has no bfloat16")
    vectors = rough.encode(TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert (vectors * open_encoder("float32").encode(TEXTS)).sum(axis=1)[:3].min() > 0.99


def test_a_folder_of_the_hub_is_read_with_its_window_and_pooling(
    minilm: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").symlink_to(minilm / "model.onnx")
    (folder / "tokenizer.json").symlink_to(minilm / "tokenizer.json")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')
    mean = make_encoder(str(folder), "float32")
    assert isinstance(mean, OpenVinoEncoder)
    assert (mean.max_tokens, mean.version[:5]) == (30, "mine@")
    means = mean.encode(TEXTS)
    (folder / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    first = make_encoder(str(folder), "float32")
    assert (first.encode(TEXTS) * means).sum(axis=1).max() < 0.99
    assert first.version != mean.version


def test_a_folder_without_onnx_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    assert isinstance(make_encoder(str(tmp_path)), SentenceEncoder)
    with pytest.raises(SetupError, match=r"has no model.onnx with a tokenizer.json"):
        make_encoder(f"openvino:{tmp_path}").encode(["x"])


def test_without_torch_its_backend_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SetupError, match="needs torch: run `make setup EXTRAS=torch`"):
        SentenceEncoder().encode(["x"])
