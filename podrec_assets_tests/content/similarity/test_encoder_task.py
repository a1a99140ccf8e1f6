"""A Spark worker encodes the run's batches with the run's model, or refuses."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from podrec_assets.content.similarity.encoder_batches import BATCH
from podrec_assets.content.similarity.encoder_task import SCHEMA, EncoderSetup, encode_batches
from podrec_assets.content.similarity.openvino_encoder import OpenVinoEncoder
from podrec_assets.content.similarity.sentence_encoder import SentenceEncoder

TEXTS = [f"The {n}th comet {'really ' * (n % 7)}broke apart." for n in range(2 * BATCH + 3)]


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_workers_batches_are_the_runs_vectors_bit_for_bit(backend: str, minilm: Path) -> None:
    by_torch = SentenceEncoder(dtype="float32")
    own = OpenVinoEncoder(str(minilm), "float32") if backend == "openvino" else by_torch
    batches = own.batches(TEXTS)
    assert [len(b) for b in batches] == [BATCH, BATCH, 3]
    asked = pa.RecordBatch.from_pylist(
        [{"batch": n, "texts": [TEXTS[i] for i in b]} for n, b in enumerate(batches)]
    )
    rows = encode_batches(asked, EncoderSetup(own.model_path, "float32", own.version))
    assert rows.schema == SCHEMA
    wanted = own.encode(TEXTS)
    for row in rows.to_pylist():
        assert row["fault"] is None
        assert row["place"].endswith("/cpu")
        assert row["vectors"] == wanted[batches[row["batch"]]].astype(np.float32).tobytes()


def test_a_worker_with_another_model_reports_it_and_encodes_nothing(minilm: Path) -> None:
    asked = pa.RecordBatch.from_pylist([{"batch": 0, "texts": ["a comet"]}])
    [row] = encode_batches(
        asked, EncoderSetup(str(minilm), "float32", "all-MiniLM-L6-v2@000000000000/384/float32")
    ).to_pylist()
    assert row["vectors"] is None
    assert "would encode with all-MiniLM-L6-v2@" in row["fault"]
    assert row["fault"].endswith(
        "but the run encodes with all-MiniLM-L6-v2@000000000000/384/float32."
    )
    [row] = encode_batches(asked, EncoderSetup("/nowhere", "float32", "x")).to_pylist()
    assert row["fault"] == "/nowhere is not a model folder; check PODREC_EMBEDDING_MODEL."


@pytest.mark.parametrize(
    ("has_gpu", "wanted", "used"),
    [(True, "auto", "cuda"), (False, "auto", "cpu"), (True, "cpu", "cpu")],
)
def test_a_gpu_is_used_only_on_request_and_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool, wanted: str, used: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert SentenceEncoder(device=wanted).device == used
    assert SentenceEncoder().device == "cpu"
