"""Results of speech recognition on disk, one file each, and a journal of the work.

A killed run loses only the file it was transcribing; the next run finds the other results here.
Once a day of `transcripts` is committed, its results are no longer needed.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KEEP_DAYS = 30


@dataclass(frozen=True)
class AsrResults:
    """Results in a folder, by key."""

    folder: Path

    def get(self, key: str) -> dict | None:
        """Returns the result of a key and marks it as used; None if there is no complete one."""
        path = self._path(key)
        try:
            result = json.loads(path.read_text())
            # Its row is not committed yet, so `prune` must not remove it.
            os.utime(path)
            return result
        except (OSError, ValueError):
            return None

    def has(self, key: str) -> bool:
        return self._path(key).is_file()

    def put(self, key: str, result: dict) -> None:
        """Stores a result atomically."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with draft.open("w") as file:
            json.dump(result, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def note(self, event: str, **facts: object) -> None:
        """Adds a line to the journal: begun, done or failed, with the time and facts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": time.time(), "event": event, **facts}) + "\n"
        # One unbuffered append: lines of two processes do not mix.
        with self._journal.open("ab", buffering=0) as journal:
            journal.write(line.encode())

    def journal(self) -> Iterator[dict]:
        """Yields the journal's entries, oldest first; torn lines are skipped."""
        if self._journal.is_file():
            with self._journal.open("rb") as lines:
                for line in lines:
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue

    def real_time_factor(self, engine: str) -> float | None:
        """Seconds of work per second of audio of an engine version so far; None before any."""
        done = [e for e in self.journal() if e["event"] == "done" and e["engine"] == engine]
        audio_s = sum(e["audio_s"] for e in done)
        return sum(e["compute_s"] for e in done) / audio_s if audio_s else None

    def prune(self, now: float) -> int:
        """Removes results and drafts of killed writes not used for KEEP_DAYS.

        Args:
            now: seconds since the epoch.

        Returns:
            The number of removed files.
        """
        count = 0
        for file in self.folder.glob("*/*.json*"):
            with suppress(FileNotFoundError):  # another run may be pruning too
                if file.stat().st_mtime < now - KEEP_DAYS * 86_400:
                    file.unlink()
                    count += 1
        return count

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
