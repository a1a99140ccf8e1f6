"""Transcribes one audio file on a Spark worker.

The answer is JSON, from which the run restores the same result or error.
"""

import json
import platform
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from podrec_assets.content.asr.contract import AsrEngine, Recognition
from podrec_assets.content.asr.engine_choice import AsrDevice, on_this_machine
from podrec_assets.content.asr.worker_pool import WorkerDiedError, WorkerPool
from podrec_assets.errors import SetupError, UnusableInputError


@dataclass(frozen=True)
class AsrTask:
    """How a worker transcribes.

    Attributes:
        engine: as the run chose it; the worker refuses another version.
        device: as in the settings; auto is the worker's own GPU, if any.
        threads: CPU threads.
        max_s, memory_mb, stall_s: limits as in `WorkerPool`.
    """

    engine: AsrEngine
    device: AsrDevice
    threads: int
    max_s: float
    memory_mb: int
    stall_s: float


def transcribe_on_worker(task: AsrTask, audio: bytes, language: str | None) -> str:
    """Transcribes an audio file and returns the answer for `decode_answer`."""
    try:
        with NamedTemporaryFile(prefix="podrec-asr-") as file:
            file.write(audio)
            file.flush()
            return json.dumps(
                {"done": asdict(_workers(task).transcribe(Path(file.name), language))}
            )
    except UnusableInputError as err:
        return json.dumps({"unusable": [err.reason, str(err)]})
    except WorkerDiedError as err:
        return json.dumps({"died": str(err)})
    except SetupError as err:
        return json.dumps({"setup": str(err)})
    except OSError as err:  # e.g. a full disk: another worker may have room
        return json.dumps({"died": f"{platform.node()} cannot transcribe: {err}"})


def decode_answer(answer: str) -> Recognition:
    """Returns the transcript in a worker's answer.

    Raises:
        UnusableInputError: the worker could not use the audio.
        WorkerDiedError: the worker's engine died or hung.
        SetupError: the worker has another engine, or none.
    """
    match json.loads(answer):
        case {"done": recognition}:
            return Recognition(**recognition)
        case {"unusable": [reason, message]}:
            raise UnusableInputError(reason, message)
        case {"died": message}:
            raise WorkerDiedError(message)
        case other:
            raise SetupError(other["setup"])


@cache
def _workers(task: AsrTask) -> WorkerPool:
    """Returns one engine process, which keeps its model loaded for the next files.

    It ends with this Python process of Spark's.
    """
    engine = on_this_machine(task.engine, task.device, task.threads)
    return WorkerPool(engine, 1, task.max_s, task.memory_mb, task.stall_s)
