"""ONNX models from a folder by OpenVINO, on the CPU: the default backend."""

import json
import threading
from collections import deque
from functools import cached_property
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.content.similarity.encoder_batches import (
    core_count,
    cut_batches,
    encode_batches,
    model_folder,
    revision,
    unit_rows,
)
from podrec_assets.errors import SetupError

if TYPE_CHECKING:
    from openvino import CompiledModel, InferRequest
    from tokenizers import Tokenizer

WEIGHTS = ("model.onnx", "onnx/model.onnx")
"""Where the weights are in a folder; the second is where the Hugging Face hub has them."""
WINDOW = 256
"""Tokens that a model reads unless its sentence_bert_config.json says otherwise."""
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoEncoder:
    """A sentence encoder with `model.onnx` and `tokenizer.json`; its tokens' mean is the vector.

    On processors of one kind a text always gets the same bytes, whatever it is encoded with and on
    however many threads: each text is a pass of its own, without padding, on one thread. Between
    kinds of processor the vectors of one version have a cosine of at least .9999.
    """

    device = "cpu"

    def __init__(self, model: str, dtype: str = "auto", _device: str = "cpu") -> None:
        """Takes a model without loading it.

        Args:
            model: its folder.
            dtype: float32, bfloat16, or auto: bfloat16 where the processor multiplies it natively.
        """
        self._model_folder = model
        self._dtype = dtype
        self._threads = core_count()
        self._lock = threading.Lock()

    @property
    def model_path(self) -> str:
        return f"openvino:{self._model_folder}"

    @cached_property
    def _folder(self) -> Path:
        folder = model_folder(self._model_folder)
        if not has_onnx(folder):
            raise SetupError(
                f"{folder} has no {WEIGHTS[0]} with a tokenizer.json; check PODREC_EMBEDDING_MODEL."
            )
        return folder

    def check_installed(self) -> str:
        """Returns the model's folder; nothing is loaded."""
        return str(self._folder)

    @cached_property
    def _model(self) -> "CompiledModel":
        import openvino

        weights = next(self._folder / name for name in WEIGHTS if (self._folder / name).is_file())
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.dtype],
            # As many streams as threads: each pass runs on one thread.
            "NUM_STREAMS": self._threads,
            "INFERENCE_NUM_THREADS": self._threads,
        }
        return openvino.Core().compile_model(weights, "CPU", options)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        # Exported tokenizers cut texts and pad them, the packaged one at 128 tokens.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _requests(self) -> "list[InferRequest]":
        return [self._model.create_infer_request() for _ in range(self._threads)]

    @cached_property
    def dtype(self) -> str:
        """Either float32 or bfloat16.

        Raises:
            SetupError: bfloat16 is asked for, and the processor lacks it.
        """
        if self._dtype == "float32":
            return "float32"
        if has_native_bfloat16():
            return "bfloat16"
        if self._dtype == "bfloat16":
            raise SetupError(
                "This processor does not multiply bfloat16: "
                "set PODREC_EMBEDDING_DTYPE to auto or float32."
            )
        return "float32"

    @cached_property
    def version(self) -> str:
        """Model, revision (a hash of its files), dimension, runtime and precision."""
        name = self._folder.name
        return f"{name}@{revision(self._folder)}/{self.dimension}/openvino/{self.dtype}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.output(0).partial_shape[-1].get_length()

    @cached_property
    def max_tokens(self) -> int:
        """Most tokens of a text, without the two special tokens around it."""
        return int(_config(self._folder, "sentence_bert_config.json", "max_seq_length", WINDOW)) - 2

    @cached_property
    def _takes_first_token(self) -> bool:
        return bool(_config(self._folder, "1_Pooling/config.json", "pooling_mode_cls_token", False))

    def count_tokens(self, text: str) -> int:
        """Returns the tokens of the text, without the two special tokens around it."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def batches(self, texts: list[str]) -> list[list[int]]:
        """Returns the positions of the texts that are encoded together; see `cut_batches`."""
        return cut_batches(self, texts)

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows; see `Encoder`."""
        return encode_batches(self, texts, progress)

    def encode_batch(self, texts: list[str]) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows of one batch.

        OpenVINO runs the requests on its own threads. All calls come from one thread: two threads
        that set inputs wait for each other forever.
        """
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        with self._lock:
            slots = cycle(self._requests)
            running: deque[tuple[int, InferRequest]] = deque()
            for position, text in enumerate(texts):
                if len(running) == self._threads:
                    self._finish(rows, *running.popleft())
                request = next(slots)
                request.start_async(self._inputs(text))
                running.append((position, request))
            for position, request in running:
                self._finish(rows, position, request)
        return unit_rows(rows)

    def _inputs(self, text: str) -> dict[str, np.ndarray]:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        known = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        return {i.any_name: known[i.any_name] for i in self._model.inputs}

    def _finish(self, rows: np.ndarray, position: int, request: "InferRequest") -> None:
        request.wait()
        states = request.get_output_tensor(0).data[0]
        rows[position] = states[0] if self._takes_first_token else states.mean(axis=0)


def has_onnx(folder: Path) -> bool:
    """Whether a folder has a model that this backend can read."""
    has_weights = any((folder / name).is_file() for name in WEIGHTS)
    return has_weights and (folder / "tokenizer.json").is_file()


def has_native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 natively (AMX or AVX-512 BF16)."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _config(folder: Path, file: str, key: str, default: Any) -> Any:
    path = folder / file
    if not path.exists():
        return default
    return json.loads(path.read_text(encoding="utf-8")).get(key, default)
