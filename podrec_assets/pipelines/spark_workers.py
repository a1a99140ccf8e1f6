"""Encoding and speech recognition on Spark workers, by `mapInArrow`.

The results equal those of the driver. Only the driver fetches audio, because it enforces the limits
on addresses, disk and requests per host. Workers need no network and no shared volume, but the
models must be installed there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from podrec_assets.content.asr.contract import AsrEngine, AudioProgress, Recognition
from podrec_assets.content.asr.spark_task import AsrTask, decode_answer, transcribe_on_worker
from podrec_assets.content.asr.worker_pool import WorkerDiedError
from podrec_assets.content.similarity.encoder import BatchEncoder, Encoder, Progress
from podrec_assets.content.similarity.encoder_task import COLUMNS, EncoderSetup, encode_batches
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.content.asr_run import StartTranscriber, processes
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCHES_PER_TASK = 8
"""Batches of 16 chunks in one task: a few seconds on a core, so faster workers take more tasks."""
BATCHES_PER_JOB = 1024
"""Batches in one Spark job: about 20 MB of text. Progress is reported after each job."""


@dataclass
class SparkEncoder:
    """An encoder whose batches are computed on the workers.

    Attributes:
        local: counts tokens, cuts batches and knows the version, in this process.
        session: returns the Spark session.
        places: number of batches by the HOST/DEVICE that computed them.
    """

    local: BatchEncoder
    session: "Callable[[], SparkSession]"
    places: Counter[str] = field(default_factory=Counter)

    @property
    def version(self) -> str:
        return self.local.version

    @property
    def max_tokens(self) -> int:
        return self.local.max_tokens

    def count_tokens(self, text: str) -> int:
        return self.local.count_tokens(text)

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Encodes texts as (n, dimension) float32 unit rows.

        Raises:
            PermanentError: a text is longer than the model's window.
            SetupError: a worker has no model, or a different one.
        """
        batches, done = self.local.batches(texts), 0
        rows = np.empty((len(texts), self.local.dimension), dtype=np.float32)
        for first in range(0, len(batches), BATCHES_PER_JOB):
            job = {
                n: [texts[i] for i in batches[n]]
                for n in range(first, min(first + BATCHES_PER_JOB, len(batches)))
            }
            for number, vectors in self._encoded(job):
                rows[batches[number]] = vectors
            done += sum(map(len, job.values()))
            if progress:
                progress(done, len(texts))
        return rows

    def _encoded(self, job: dict[int, list[str]]) -> Iterator[tuple[int, np.ndarray]]:
        """Yields (batch number, vectors) for each batch of a job, in any order."""
        setup = EncoderSetup(self.local.model_path, self.local.dtype, self.version)

        def encode_part(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (encode_batches(part, setup) for part in parts)

        rows = pa.table({"batch": pa.array(job, pa.int32()), "texts": list(job.values())})
        with errors_in_words():
            frame = (
                self.session().createDataFrame(rows).repartition(ceil(len(job) / BATCHES_PER_TASK))
            )
            results = frame.mapInArrow(encode_part, COLUMNS).toArrow()
        for row in results.to_pylist():
            if row["fault"]:
                raise SetupError(row["fault"])
            self.places[row["place"]] += 1
            yield (
                row["batch"],
                np.frombuffer(row["vectors"], dtype=np.float32).reshape(-1, self.local.dimension),
            )


@dataclass
class SparkTranscriber:
    """Transcribes each file in its own Spark task, so each result is available at once.

    Attributes:
        task: how the workers transcribe.
        session: returns the Spark session.
    """

    task: AsrTask
    session: "Callable[[], SparkSession]"

    def __enter__(self) -> "SparkTranscriber":
        self._spark = self.session()
        return self

    def __exit__(self, *_: object) -> None: ...

    def transcribe(
        self,
        audio: Path,
        language: str | None,
        progress: AudioProgress = lambda _: None,  # noqa: ARG002
    ) -> Recognition:
        """Transcribes a file; see `Transcriber`. Workers report no progress.

        The audio is broadcast, in blocks that spill to disk: it is too large for a task.
        """
        shipped, task = self._spark.sparkContext.broadcast(audio.read_bytes()), self.task

        def answer_part(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (
                pa.RecordBatch.from_pydict(
                    {"answer": [transcribe_on_worker(task, shipped.value, language)]}
                )
                for _ in parts
            )

        try:
            with errors_in_words():
                [row] = (
                    self._spark.range(0, 1, 1, 1).mapInArrow(answer_part, "answer string").collect()
                )
        finally:
            shipped.destroy()
        return decode_answer(row["answer"])


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Translates Spark's errors.

    Raises:
        SetupError: a worker lacks a module.
        WorkerDiedError: a task failed in any other way, or was lost four times.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException, PythonException

    try:
        yield
    except PythonException as err:
        why = str(err).strip().splitlines()[-1]
        if why.startswith(("ModuleNotFoundError", "ImportError")):
            raise SetupError(
                f"A Spark worker lacks a module ({why}); install podrec's requirements there."
            ) from err
        raise WorkerDiedError(f"A Spark worker failed: {why}") from err
    except (Py4JError, PySparkException) as err:
        raise WorkerDiedError(f"Spark lost the task: {str(err).splitlines()[0]}") from err


def choose_encoder(
    settings: Settings, local: Encoder, session: "Callable[[], SparkSession]"
) -> Encoder:
    """Returns the encoder that PODREC_COMPUTE names: the local one, or one on Spark workers."""
    if settings.compute == "driver":
        return local
    return SparkEncoder(cast(BatchEncoder, local), session)


def choose_transcriber(
    settings: Settings, session: "Callable[[], SparkSession]"
) -> StartTranscriber:
    """Returns what starts the transcriber that PODREC_COMPUTE names."""
    if settings.compute == "driver":
        return processes

    def start(engine: AsrEngine, settings: Settings) -> SparkTranscriber:
        limits = (settings.asr_max_audio_minutes * 60, settings.asr_memory_mb, settings.asr_stall_s)
        # A Spark task has one core.
        threads = settings.asr_threads or 1
        return SparkTranscriber(AsrTask(engine, settings.asr_device, threads, *limits), session)

    return start
