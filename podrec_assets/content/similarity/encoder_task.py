"""Encodes batches of chunks on a Spark worker.

The batches are those of the run's own encoder, so the vectors are the same bytes.
"""

import platform
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from podrec_assets.content.similarity.encoder import BatchEncoder
from podrec_assets.content.similarity.encoder_choice import make_encoder
from podrec_assets.errors import SetupError

COLUMNS = "batch int, vectors binary, place string, fault string"
"""SCHEMA as Spark writes it. Vectors are float32, place is HOST/DEVICE, fault says what failed."""
SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("vectors", pa.binary()),
        ("place", pa.string()),
        ("fault", pa.string()),
    ]
)


@dataclass(frozen=True)
class EncoderSetup:
    """The encoder that a worker must use.

    Attributes:
        model_path: as in `make_encoder`; a folder must exist on the worker, at the same path.
        dtype: float32 or bfloat16, whatever the worker's processor prefers.
        version: of the run's encoder; the worker's must be the same.
    """

    model_path: str
    dtype: str
    version: str


def encode_batches(batches: pa.RecordBatch, setup: EncoderSetup) -> pa.RecordBatch:
    """Returns rows of SCHEMA for rows {batch, texts}, computed on this machine's GPU if any."""
    return pa.RecordBatch.from_pylist(
        [_row(b["batch"], b["texts"], setup) for b in batches.to_pylist()], SCHEMA
    )


def _row(number: int, texts: list[str], setup: EncoderSetup) -> dict:
    try:
        encoder = _encoder(setup)
    except SetupError as err:
        return {"batch": number, "fault": str(err)}
    vectors = encoder.encode_batch(texts).tobytes()
    return {"batch": number, "vectors": vectors, "place": f"{platform.node()}/{encoder.device}"}


@cache
def _encoder(setup: EncoderSetup) -> BatchEncoder:
    """Returns the encoder of this Python process, which keeps it for Spark's next tasks.

    Raises:
        SetupError: this machine has another version of the model.
    """
    encoder = make_encoder(setup.model_path, setup.dtype, "auto")
    if encoder.version != setup.version:
        raise SetupError(
            f"{platform.node()} would encode with {encoder.version}, "
            f"but the run encodes with {setup.version}."
        )
    return encoder
