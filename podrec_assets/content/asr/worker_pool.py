"""Worker processes that transcribe files in parallel.

A process that dies or hangs costs its file one attempt, and never the run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Timer
from typing import Any

import podrec_assets
from podrec_assets.content.asr.contract import AsrEngine, AudioProgress, Recognition
from podrec_assets.errors import RetryableError, SetupError, UnusableInputError

WORKER = "podrec_assets.content.asr.worker"
PACKAGES = Path(podrec_assets.__path__[0]).parent


class WorkerDiedError(RetryableError):
    """An engine's process ended or made no progress; another attempt may succeed."""

    reason = "engine_died"


@dataclass
class WorkerPool:
    """Transcribes files in at most `count` processes, which start when first needed.

    Attributes:
        engine: loaded by each process.
        count: number of processes and so of files at once.
        max_s: longest audio in seconds.
        memory_mb: memory limit of each decoding process.
        stall_s: seconds without progress after which a process is killed.
    """

    engine: AsrEngine
    count: int
    max_s: float
    memory_mb: int
    stall_s: float
    _idle: "SimpleQueue[_Worker | None]" = field(default_factory=SimpleQueue)
    _all: "list[_Worker]" = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        for _ in range(self.count):
            self._idle.put(None)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            worker.end()

    def transcribe(
        self, audio: Path, language: str | None, progress: AudioProgress = lambda _: None
    ) -> Recognition:
        """Returns the transcript of a file; waits for a free process.

        Raises:
            UnusableInputError: the audio cannot be decoded or is too long.
            WorkerDiedError: the process died or hung.
            SetupError: the engine cannot be loaded.
        """
        worker = self._idle.get()
        try:
            worker = worker or self._start()
            return worker.transcribe(audio, language, self.stall_s, progress)
        finally:
            self._idle.put(worker if worker and worker.is_alive() else None)

    def _start(self) -> "_Worker":
        setup = {"engine": asdict(self.engine), "max_s": self.max_s, "memory_mb": self.memory_mb}
        worker = _Worker(json.dumps(setup))
        with self._lock:
            self._all.append(worker)
        with worker.watched(self.stall_s):
            kind, value = worker.answer()
        if kind != "ready":
            raise SetupError(value["message"])
        return worker


class _Worker:
    def __init__(self, setup: str) -> None:
        command = [sys.executable, "-m", WORKER, setup]
        # The same package as in this process; on a Spark worker it is a zip.
        path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # the job was never read
                if pipe:
                    pipe.close()

    def transcribe(
        self, audio: Path, language: str | None, stall_s: float, progress: AudioProgress
    ) -> Recognition:
        with self.watched(stall_s):
            self._send({"audio": str(audio), "language": language})
            kind, value = self.answer()
        while kind == "progress":
            progress(value)
            with self.watched(stall_s):
                kind, value = self.answer()
        if kind == "error":
            raise UnusableInputError(value["reason"], value["message"])
        return Recognition(**value)

    def answer(self) -> tuple[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            code = self._process.wait()
            raise WorkerDiedError(
                f"The speech recognition process ended with code {code} in the middle of a file."
            )
        message = json.loads(line)
        return message["kind"], message["value"]

    def _send(self, job: dict) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as err:
            raise WorkerDiedError(
                "The speech recognition process ended between two files."
            ) from err

    @contextmanager
    def watched(self, seconds: float) -> Iterator[None]:
        """Kills the process if the block takes longer; its reader then sees the end of stdout."""
        timer = Timer(seconds, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
