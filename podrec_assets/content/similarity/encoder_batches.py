"""What the embedding backends share: batches of similar length, and a model's revision."""

import hashlib
import os
from pathlib import Path

import numpy as np

from podrec_assets.content.similarity.encoder import BatchEncoder, Progress
from podrec_assets.errors import PermanentError, SetupError

BATCH = 16
"""Texts between two reports of progress; on a GPU, texts of one forward pass."""
MODEL_FILES = {".safetensors", ".bin", ".onnx", ".json", ".txt", ".model"}
"""Extensions of the files that a model's revision depends on."""


def cut_batches(encoder: BatchEncoder, texts: list[str]) -> list[list[int]]:
    """Returns the positions of the texts that are encoded together.

    They are of similar length, so that little of a batch is padding.

    Raises:
        PermanentError: a text is longer than the model's window.
    """
    lengths = [encoder.count_tokens(t) for t in texts]
    if max(lengths, default=0) > encoder.max_tokens:
        raise PermanentError(
            f"A text of {max(lengths)} tokens is more than the encoder's {encoder.max_tokens}: "
            "set PODREC_CHUNK_TOKENS lower."
        )
    order = sorted(range(len(texts)), key=lambda i: -lengths[i])
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]


def encode_batches(
    encoder: BatchEncoder, texts: list[str], progress: Progress | None = None
) -> np.ndarray:
    """Encodes texts batch by batch, as (n, dimension) float32 unit rows in their order."""
    vectors, done = np.empty((len(texts), encoder.dimension), dtype=np.float32), 0
    for batch in encoder.batches(texts):
        vectors[batch] = encoder.encode_batch([texts[i] for i in batch])
        done += len(batch)
        if progress:
            progress(done, len(texts))
    return vectors


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Normalises rows in float32: a bfloat16 norm is off by up to half a percent."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def core_count() -> int:
    """Returns the cores for one batch; Spark gives a worker as many as its task has."""
    if assigned := os.environ.get("OMP_NUM_THREADS"):
        return int(assigned)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def model_folder(path: str) -> Path:
    """Returns the folder of a model. Raises SetupError if it is none."""
    folder = Path(path)
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a model folder; check PODREC_EMBEDDING_MODEL.")
    return folder


def revision(folder: Path) -> str:
    """Returns twelve hex digits that change with any of a model's files."""
    digest = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix in MODEL_FILES):
        digest.update(file.relative_to(folder).as_posix().encode())
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:12]
