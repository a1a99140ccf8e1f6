"""The worker process: loads an engine and transcribes files.

Started as `python -m podrec_assets.content.asr.worker SETUP`. Jobs are JSON lines on stdin, answers
JSON lines on stdout. The process ends as soon as stdin does, even in the middle of a file, so a
killed run leaves no worker behind.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.asr.engine_choice import load_recognizer
from podrec_assets.content.asr.transcribe_file import transcribe_file
from podrec_assets.errors import PodrecError


def main(setup: dict) -> None:
    """Answers jobs until stdin ends."""
    # Engines and their libraries print to stdout, so the answers get a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: SimpleQueue[dict] = SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    engine = AsrEngine(
        **setup["engine"]
        | {"languages": setup["engine"]["languages"] and tuple(setup["engine"]["languages"])}
    )
    try:
        recognizer = load_recognizer(engine)
    except PodrecError as err:
        _answer(answers, "error", {"reason": "no_engine", "message": str(err)})
        return
    _answer(answers, "ready", engine.version)
    while True:
        job = jobs.get()
        try:
            recognition = transcribe_file(
                Path(job["audio"]),
                recognizer,
                engine.version,
                job["language"],
                setup["max_s"],
                setup["memory_mb"],
                lambda seconds: _answer(answers, "progress", seconds),
            )
        except PodrecError as err:
            _answer(
                answers, "error", {"reason": getattr(err, "reason", "failed"), "message": str(err)}
            )
        else:
            _answer(answers, "done", asdict(recognition))


def _read(jobs: SimpleQueue[dict]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


def _answer(to: TextIO, kind: str, value: object) -> None:
    to.write(json.dumps({"kind": kind, "value": value}) + "\n")
    to.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
