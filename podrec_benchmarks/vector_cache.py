"""Caches vectors on disk between runs of a benchmark.

Encoding 266 episodes takes minutes, measuring them seconds.
"""

import hashlib
import sqlite3
import time
from pathlib import Path

import numpy as np

from podrec_assets.content.similarity.encoder import Encoder, Progress

COMMIT_EVERY = 64


class CachedEncoder:
    """An encoder with a cache by version and text.

    Attributes:
        encoded_count: texts that were not in the cache.
        seconds: time that encoding them took.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.inner = encoder
        self.encoded_count, self.seconds = 0, 0.0
        self._path = folder / f"{hashlib.sha256(encoder.version.encode()).hexdigest()[:16]}.sqlite"
        with self._open() as cache:
            cache.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB)")

    @property
    def version(self) -> str:
        return self.inner.version

    @property
    def max_tokens(self) -> int:
        return self.inner.max_tokens

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Encodes what is not in the cache.

        The cache is committed every COMMIT_EVERY texts, so an interrupted run loses little.
        """
        keys = [hashlib.sha256(t.encode()).digest() for t in texts]
        with self._open() as cache:
            missing = [
                i
                for i, k in enumerate(keys)
                if not cache.execute("SELECT 1 FROM vectors WHERE text = ?", (k,)).fetchone()
            ]
            missing.sort(key=lambda i: -len(texts[i]))
            for start in range(0, len(missing), COMMIT_EVERY):
                batch = missing[start : start + COMMIT_EVERY]
                began = time.monotonic()
                vectors = self.inner.encode([texts[i] for i in batch])
                self.seconds += time.monotonic() - began
                self.encoded_count += len(batch)
                fresh = [(keys[i], v.tobytes()) for i, v in zip(batch, vectors, strict=True)]
                cache.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", fresh)
                cache.commit()
                if progress:
                    progress(min(start + COMMIT_EVERY, len(missing)), len(missing))
            stored = (
                cache.execute("SELECT vector FROM vectors WHERE text = ?", (k,)).fetchone()[0]
                for k in keys
            )
            rows = [np.frombuffer(vector, dtype=np.float32) for vector in stored]
        return np.stack(rows) if rows else self.inner.encode([])

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path)
