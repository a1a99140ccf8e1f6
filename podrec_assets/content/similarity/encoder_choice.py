"""Which embedding backend the settings choose."""

from collections.abc import Callable

from podrec_assets.content.similarity.encoder import BatchEncoder
from podrec_assets.content.similarity.sentence_encoder import SentenceEncoder

DEFAULT = "sentence-transformers"
BACKENDS: dict[str, Callable[[str, str, str], BatchEncoder]] = {DEFAULT: SentenceEncoder}
"""Each backend takes (model, dtype, device). To add one: its class here, under its name."""


def make_encoder(model: str, dtype: str = "auto", device: str = "cpu") -> BatchEncoder:
    """Returns the encoder of a model; nothing is loaded before its first use.

    Args:
        model: `BACKEND:MODEL`, or a model of the default backend: a folder, or "" for the packaged
            one.
        dtype: float32, bfloat16 or auto.
        device: cpu, cuda or auto.
    """
    backend, _, name = model.partition(":")
    if backend in BACKENDS and name:
        return BACKENDS[backend](name, dtype, device)
    return BACKENDS[DEFAULT](model, dtype, device)
