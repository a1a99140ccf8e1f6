"""Batches of chunks encoded on a Spark worker: the batches of the run's own encoder, hence its very
vectors.
"""

import platform
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from podrec_assets.content.similarity.encoder import SentenceEncoder
from podrec_assets.errors import SetupError

COLUMNS = "batch int, vectors binary, place string, fault string"
"""Of what `encoded` gives, as Spark says it: vectors are float32, place is HOST/DEVICE, fault says
why there are none.
"""


@dataclass(frozen=True)
class EncoderSetup:
    """What a worker encodes with.

    Attributes:
        model_path: as of SentenceEncoder; a folder is the worker's own, in the same place.
        dtype: float32 or bfloat16, whatever the worker's processor prefers.
        version: of the run's encoder, which the worker's must be.
    """

    model_path: str
    dtype: str
    version: str


def encoded(batches: pa.RecordBatch, setup: EncoderSetup) -> pa.RecordBatch:
    """Rows of COLUMNS for rows {batch, texts}, computed on this machine's GPU if it has one."""
    return pa.RecordBatch.from_pylist(
        [_row(b["batch"], b["texts"], setup) for b in batches.to_pylist()], SCHEMA
    )


SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("vectors", pa.binary()),
        ("place", pa.string()),
        ("fault", pa.string()),
    ]
)


def _row(number: int, texts: list[str], setup: EncoderSetup) -> dict:
    try:
        encoder = _encoder(setup)
    except SetupError as err:
        return {"batch": number, "fault": str(err)}
    vectors = encoder.encode_batch(texts).tobytes()
    return {"batch": number, "vectors": vectors, "place": f"{platform.node()}/{encoder.device}"}


@cache
def _encoder(setup: EncoderSetup) -> SentenceEncoder:
    """The encoder of this Python process, which keeps it for Spark's next tasks. Raises SetupError
    for another version.
    """
    found = SentenceEncoder(setup.model_path, setup.dtype, "auto")
    if found.version != setup.version:
        raise SetupError(
            f"{platform.node()} would encode with {found.version}, the run does with {setup.version}."
        )
    return found
