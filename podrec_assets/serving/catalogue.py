"""Episodes, their texts and passages, as readers see them: the latest announcement of each, from Delta."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.content.catalogue import latest
from podrec_assets.content.encoder import Encoder
from podrec_assets.resources.connections import Connections

COLUMNS = (
    "day", "episode_id", "show_id", "show_title", "title", "description", "published_at", "duration_s", "link", "image_url",
    "audio_url", "audio_type",
)  # fmt: skip


def episodes(connections: Connections) -> dict[str, dict]:
    """Every known episode by id."""
    return {row["episode_id"]: row for row in latest(connections.lake.read("episodes", columns=COLUMNS)).to_pylist()}


def transcript(connections: Connections, episode: str) -> dict | None:
    """The newest transcript row of an episode: status, reason, source, engine, language, segments."""
    columns = ("day", "episode_id", "status", "reason", "source", "engine", "language", "segments", "word_count")
    rows = connections.lake.read_equal("transcripts", "episode_id", episode, columns).to_pylist()
    return max(rows, key=lambda r: r["day"], default=None)


@dataclass(frozen=True)
class Passages:
    """All chunks of the newest transcripts: rows in order, and their unit vectors (n, dimension)."""

    rows: list[dict]
    vectors: np.ndarray


def passages(connections: Connections) -> Passages:
    """Every chunk that can be searched."""
    found: pa.Table = latest(
        connections.lake.read("vectors", columns=("day", "episode_id", "chunk", "start_s", "text", "vector"))
    )
    vectors = np.array(found["vector"].to_pylist(), dtype=np.float32)
    return Passages(found.drop_columns(["vector"]).to_pylist(), vectors)


def search(query: str, among: Passages, encoder: Encoder, k: int) -> list[dict]:
    """The k passages nearest to the words, best of an episode only: {episode_id, start_s, text, score}."""
    if not among.rows or not query.strip():
        return []
    scores = among.vectors @ encoder.encode([query])[0]
    found: dict[str, dict] = {}
    for index in np.argsort(-scores, kind="stable"):
        row = among.rows[int(index)]
        found.setdefault(row["episode_id"], {**row, "score": float(scores[index])})
        if len(found) == k:
            break
    return list(found.values())
