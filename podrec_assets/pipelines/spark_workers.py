"""Encoding and speech recognition on the workers of the run's Spark, by `mapInArrow`: same inputs,
same outputs as in the run.

Everything comes from the driver: texts, and audio that it fetched itself, for it alone keeps to the
rules of fetching (addresses, disk, turns on a host). Workers need no way out, share no folder and
write nothing; models they have themselves.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from podrec_assets.content.asr.contract import Engine, Recognition
from podrec_assets.content.asr.spark_task import Task, answer, recognition
from podrec_assets.content.asr.worker_pool import WorkerDiedError
from podrec_assets.content.similarity.encoder import Encoder, Progress, SentenceEncoder
from podrec_assets.content.similarity.encoder_task import COLUMNS, EncoderSetup, encoded
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.asr_run import StartTranscriber, processes
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from podrec_assets.defs.resources.spark import SparkResource

BATCHES_PER_TASK = 8
"""Batches of 16 chunks that one task encodes: some seconds of work on a core, so that faster
workers take more.
"""
BATCHES_PER_JOB = 1024
"""Batches that go to Spark at once: about 20 MB of text, whatever the size of a backfill; progress
is told after each job.
"""


@dataclass
class SpreadEncoder:
    """The run's encoder, with the batches computed on the workers.

    Attributes:
        own: counts tokens, cuts batches and says the version, in this process.
        session: gives the Spark session.
        places: batches by HOST/DEVICE that computed them.
    """

    own: SentenceEncoder
    session: "Callable[[], SparkSession]"
    places: Counter[str] = field(default_factory=Counter)

    @property
    def version(self) -> str:
        return self.own.version

    @property
    def max_tokens(self) -> int:
        return self.own.max_tokens

    def count_tokens(self, text: str) -> int:
        return self.own.count_tokens(text)

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """(n, dimension) float32 unit rows.

        Raises:
            PermanentError: a text is longer than the model's window.
            SetupError: a worker has another model, or none.
        """
        batches, done = self.own.batches(texts), 0
        found = np.empty((len(texts), self.own.dimension), dtype=np.float32)
        for first in range(0, len(batches), BATCHES_PER_JOB):
            job = {
                n: [texts[i] for i in batches[n]]
                for n in range(first, min(first + BATCHES_PER_JOB, len(batches)))
            }
            for number, vectors in self._encoded(job):
                found[batches[number]] = vectors
            done += sum(map(len, job.values()))
            if progress:
                progress(done, len(texts))
        return found

    def _encoded(self, job: dict[int, list[str]]) -> Iterator[tuple[int, np.ndarray]]:
        """(number, vectors) of each batch of a job, in any order."""
        setup = EncoderSetup(self.own.model_path, self.own.dtype, self.version)

        def encode_part(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (encoded(part, setup) for part in parts)

        rows = pa.table({"batch": pa.array(job, pa.int32()), "texts": list(job.values())})
        with errors_in_words():
            frame = (
                self.session().createDataFrame(rows).repartition(ceil(len(job) / BATCHES_PER_TASK))
            )
            made = frame.mapInArrow(encode_part, COLUMNS).toArrow()
        for row in made.to_pylist():
            if row["fault"]:
                raise SetupError(row["fault"])
            self.places[row["place"]] += 1
            yield (
                row["batch"],
                np.frombuffer(row["vectors"], dtype=np.float32).reshape(-1, self.own.dimension),
            )


@dataclass
class SpreadTranscriber:
    """Transcribes each file in a Spark task of its own, so that its result is there as soon as it
    is made.

    Attributes:
        task: how the workers transcribe.
        session: gives the Spark session.
    """

    task: Task
    session: "Callable[[], SparkSession]"

    def __enter__(self) -> "SpreadTranscriber":
        self._spark = self.session()
        return self

    def __exit__(self, *_: object) -> None: ...

    def transcribe(self, audio: Path, language: str | None) -> Recognition:
        """As of `Transcriber`. The audio goes as a broadcast, in blocks that spill to disk: a task
        may not be so large.
        """
        shipped, task = self._spark.sparkContext.broadcast(audio.read_bytes()), self.task

        def answer_part(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (
                pa.RecordBatch.from_pydict({"answer": [answer(task, shipped.value, language)]})
                for _ in parts
            )

        try:
            with errors_in_words():
                [row] = (
                    self._spark.range(0, 1, 1, 1).mapInArrow(answer_part, "answer string").collect()
                )
        finally:
            shipped.destroy()
        return recognition(row["answer"])


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Raises SetupError where a worker lacks a module, WorkerDiedError where a task failed
    otherwise or was lost four times.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException, PythonException

    try:
        yield
    except PythonException as err:
        why = str(err).strip().splitlines()[-1]
        if why.startswith(("ModuleNotFoundError", "ImportError")):
            raise SetupError(
                f"A Spark worker cannot do its part ({why}); it needs podrec's requirements and models."
            ) from err
        raise WorkerDiedError(f"A Spark worker failed: {why}") from err
    except (Py4JError, PySparkException) as err:
        raise WorkerDiedError(f"Spark lost the task: {str(err).splitlines()[0]}") from err


def encoder_of(connections: Connections, spark: "SparkResource") -> Encoder:
    """The encoder that PODREC_COMPUTE names."""
    settings, own = connections.settings, connections.encoder
    if settings.compute == "driver":
        return own
    assert isinstance(own, SentenceEncoder)
    return SpreadEncoder(own, lambda: spark.session(settings))


def transcriber_of(settings: Settings, spark: "SparkResource") -> StartTranscriber:
    """What starts the transcriber that PODREC_COMPUTE names."""
    if settings.compute == "driver":
        return processes

    def start(engine: Engine, settings: Settings) -> SpreadTranscriber:
        limits = (settings.asr_max_audio_minutes * 60, settings.asr_memory_mb, settings.asr_stall_s)
        # A Spark task is one core.
        return SpreadTranscriber(
            Task(engine, settings.asr_device, settings.asr_threads or 1, *limits),
            lambda: spark.session(settings),
        )

    return start
