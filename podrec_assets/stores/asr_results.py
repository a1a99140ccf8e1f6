"""Results of speech recognition on disk, one file each, written as soon as a file is transcribed;
and a journal of the work.

A run that is killed loses only the file it was in the middle of: the next one finds the others
here. Once a day of `transcripts` is committed, its rows are used and the results are no longer
needed.
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
class Recognitions:
    """Results under a folder, by key."""

    folder: Path

    def get(self, key: str) -> dict | None:
        """The result of a key, which is as good as new from then on; None where there is no whole
        one.
        """
        path = self._path(key)
        try:
            found = json.loads(path.read_text())
            # Its row is not committed yet, so `prune` must not find it old.
            os.utime(path)
            return found
        except (OSError, ValueError):
            return None

    def has(self, key: str) -> bool:
        return self._path(key).is_file()

    def put(self, key: str, result: dict) -> None:
        """Keeps a result, in one step."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with draft.open("w") as file:
            json.dump(result, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def note(self, event: str, **facts: object) -> None:
        """Adds a line to the journal: begun, done or failed, with when and what."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": time.time(), "event": event, **facts}) + "\n"
        # One write to a file opened for appending: lines of two processes do not mix.
        with self._journal.open("ab", buffering=0) as journal:
            journal.write(line.encode())

    def journal(self) -> Iterator[dict]:
        """The lines of the journal, oldest first; one that a crash or a full disk tore is passed
        over.
        """
        if self._journal.is_file():
            with self._journal.open("rb") as lines:
                for line in lines:
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue

    def real_time_factor(self, engine: str) -> float | None:
        """Seconds of work for a second of audio, over all that an engine version has transcribed
        here; None before any.
        """
        done = [e for e in self.journal() if e["event"] == "done" and e["engine"] == engine]
        heard = sum(e["audio_s"] for e in done)
        return sum(e["compute_s"] for e in done) / heard if heard else None

    def prune(self, now: float) -> int:
        """Number of files removed because nobody used them for KEEP_DAYS: results, and drafts of
        killed writes.

        Args:
            now: seconds of the epoch.
        """
        count = 0
        for file in self.folder.glob("*/*.json*"):
            with suppress(FileNotFoundError):  # another run may prune at the same time
                if file.stat().st_mtime < now - KEEP_DAYS * 86_400:
                    file.unlink()
                    count += 1
        return count

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
