"""Episodes, their texts and passages, as readers see them: the latest announcement of each, from
Delta.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.encoder import Encoder
from podrec_assets.content.similarity.nearest_neighbours import matrix
from podrec_assets.content.similarity.passage_search import best_passages, words
from podrec_assets.content.similarity.vectors import require_encoder, require_one_version
from podrec_assets.day_windows import latest
from podrec_assets.pipelines.connections import Connections

COLUMNS = (
    "day", "episode_id", "show_id", "show_title", "title", "description", "published_at", "duration_s", "link", "image_url",
    "audio_url", "audio_type",
)  # fmt: skip
QUERY_LENGTH = 500
"""Characters of a query that are read: more would not fit the encoder's window."""


def episodes(connections: Connections, columns: Sequence[str] = COLUMNS) -> dict[str, dict]:
    """Every known episode by id."""
    read = dict.fromkeys(("day", "episode_id", *columns))
    return {
        row["episode_id"]: row
        for row in latest(connections.lake.read("episodes", columns=tuple(read))).to_pylist()
    }


def transcript(connections: Connections, episode: str) -> dict | None:
    """The newest transcript row of an episode: status, reason, source, engine, language, segments."""
    columns = (
        "day",
        "episode_id",
        "status",
        "reason",
        "source",
        "engine",
        "language",
        "segments",
        "word_count",
    )
    rows = connections.lake.read_equal("transcripts", "episode_id", episode, columns).to_pylist()
    return max(rows, key=lambda r: r["day"], default=None)


@dataclass(frozen=True)
class Passages:
    """All chunks of the newest transcripts: their columns without the vector, and their unit
    vectors (n, dimension).
    """

    rows: pa.Table
    vectors: np.ndarray
    version: str | None


def passages(connections: Connections) -> Passages:
    """Every chunk that can be searched. Raises PermanentError where they bear several embedding
    versions.
    """
    columns = (
        "day",
        "episode_id",
        "chunk",
        "start_s",
        "end_s",
        "text",
        "token_count",
        "vector",
        "embedding_version",
    )
    found = latest(connections.lake.read("vectors", columns=columns))
    require_one_version(found)
    version = found["embedding_version"][0].as_py() if len(found) else None
    return Passages(
        found.drop_columns(["vector", "embedding_version"]), matrix(found["vector"]), version
    )


def search(query: str, among: Passages, encoder: Encoder, k: int) -> list[dict]:
    """The passage of each of the k best episodes that comes closest in words and meaning.

    Returns:
        {episode_id, chunk, start_s, end_s, text, quote, score, cosine, lexical}, best first.

    Raises:
        PermanentError: the passages were encoded by another model than the one that would encode
            the query.
    """
    if not len(among.rows) or not words(query):
        return []
    require_encoder(among.version, encoder)
    return best_passages(
        query, encoder.encode([query[:QUERY_LENGTH]])[0], among.rows, among.vectors, k
    )


def described(found: list[dict], known: dict[str, dict]) -> list[dict]:
    """Passages with the show and title of their episode."""
    none: dict = {}
    return [
        {
            "show": known.get(f["episode_id"], none).get("show_title"),
            "title": known.get(f["episode_id"], none).get("title"),
            **f,
        }
        for f in found
    ]
