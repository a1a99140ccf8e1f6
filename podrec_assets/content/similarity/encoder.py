"""What an embedding backend must offer. Pure.

A run needs an `Encoder`; with PODREC_COMPUTE=spark it needs a `BatchEncoder`, whose batches are
computed on the workers.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

Progress = Callable[[int, int], None]
"""Called with (texts done, all texts) after each batch."""


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def version(self) -> str:
        """Everything that changes a vector; vectors of two versions are never compared."""
        ...

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text, special tokens not counted."""
        ...

    def count_tokens(self, text: str) -> int:
        """Returns the tokens of a text, special tokens not counted."""
        ...

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows.

        Raises:
            PermanentError: a text is longer than max_tokens.
        """
        ...


class BatchEncoder(Encoder, Protocol):
    """An encoder whose batches give the same bytes wherever they are computed."""

    @property
    def model_path(self) -> str:
        """The model as `encoder_choice.make_encoder` takes it on a worker."""
        ...

    def check_installed(self) -> str:
        """Returns where the model is; nothing is loaded.

        Raises:
            SetupError: it is not installed; says what to do.
        """
        ...

    @property
    def dtype(self) -> str:
        """Either float32 or bfloat16."""
        ...

    @property
    def device(self) -> str:
        """Either cpu or cuda."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def batches(self, texts: list[str]) -> list[list[int]]:
        """Returns the positions of the texts that are encoded together."""
        ...

    def encode_batch(self, texts: list[str]) -> np.ndarray:
        """Returns (n, dimension) float32 unit rows of one batch."""
        ...
