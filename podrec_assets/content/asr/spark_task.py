"""One audio file recognised on a Spark worker. Its answer is JSON, by which the run has the very
result or error.
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
        engine: as the run chose it; the worker refuses to use another version.
        device: where it computes, as the settings say; auto is the worker's own GPU if it shows
            one.
        threads: CPU threads.
        max_s, memory_mb, stall_s: limits as of `WorkerPool`.
    """

    engine: AsrEngine
    device: AsrDevice
    threads: int
    max_s: float
    memory_mb: int
    stall_s: float


def transcribe_on_worker(task: AsrTask, audio: bytes, language: str | None) -> str:
    """What became of an audio file on this machine, for `recognition`."""
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
    except OSError as err:  # a full disk: another worker may have room
        return json.dumps({"died": f"{platform.node()} cannot transcribe: {err}"})


def decode_answer(answered: str) -> Recognition:
    """The transcript of an answer.

    Raises:
        UnusableInputError, WorkerDiedError, SetupError: as the worker met it.
    """
    match json.loads(answered):
        case {"done": found}:
            return Recognition(**found)
        case {"unusable": [reason, message]}:
            raise UnusableInputError(reason, message)
        case {"died": message}:
            raise WorkerDiedError(message)
        case other:
            raise SetupError(other["setup"])


@cache
def _workers(task: AsrTask) -> WorkerPool:
    """One engine process, which ends with this Python process of Spark's: the next file finds its
    model loaded.
    """
    engine = on_this_machine(task.engine, task.device, task.threads)
    return WorkerPool(engine, 1, task.max_s, task.memory_mb, task.stall_s)
