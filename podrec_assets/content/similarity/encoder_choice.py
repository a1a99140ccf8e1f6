"""Which embedding backend the settings choose."""

from collections.abc import Callable
from pathlib import Path

from podrec_assets.content.similarity.encoder import BatchEncoder
from podrec_assets.content.similarity.openvino_encoder import OpenVinoEncoder, has_onnx
from podrec_assets.content.similarity.sentence_encoder import SentenceEncoder

BACKENDS: dict[str, Callable[[str, str, str], BatchEncoder]] = {
    "openvino": OpenVinoEncoder,
    "sentence-transformers": SentenceEncoder,
}
"""Each backend takes (model, dtype, device). To add one: its class here, under its name."""


def make_encoder(model: str, dtype: str = "auto", device: str = "cpu") -> BatchEncoder:
    """Returns the encoder of a model; nothing is loaded before its first use.

    Args:
        model: `BACKEND:MODEL`, or a folder: openvino reads it if it has an ONNX model,
            sentence-transformers otherwise.
        dtype: float32, bfloat16 or auto.
        device: cpu, cuda or auto.
    """
    backend, separator, name = model.partition(":")
    if separator and backend in BACKENDS:
        return BACKENDS[backend](name, dtype, device)
    return BACKENDS["openvino" if has_onnx(Path(model)) else "sentence-transformers"](
        model, dtype, device
    )
