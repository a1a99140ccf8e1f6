"""Episodes, transcripts and passages for pages and commands: the latest version of each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.encoder import Encoder
from podrec_assets.content.similarity.passage_search import best_passages
from podrec_assets.content.similarity.vectors import (
    require_encoder,
    require_one_version,
    vector_matrix,
)
from podrec_assets.content.withdrawals import Withdrawal
from podrec_assets.content.words import terms
from podrec_assets.day_windows import latest
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import EPISODES, TRANSCRIPTS, VECTORS

COLUMNS = (
    "day", "episode_id", "show_id", "show_title", "title", "description", "published_at",
    "duration_s", "link", "image_url", "audio_url", "audio_type",
)  # fmt: skip
TRANSCRIPT_COLUMNS = (
    "day", "episode_id", "status", "reason", "source", "engine", "language", "segments",
    "word_count",
)  # fmt: skip
PASSAGE_COLUMNS = ("day", "episode_id", "chunk", "start_s", "end_s", "text", "token_count")
QUERY_LENGTH = 500
"""Characters of a query that are used; more would not fit the encoder's context window."""


def episodes(connections: Connections, columns: Sequence[str] = COLUMNS) -> dict[str, dict]:
    """Returns every known episode by id."""
    unique = tuple(dict.fromkeys(("day", "episode_id", *columns)))
    rows = latest(connections.lake.read(EPISODES.name, columns=unique)).to_pylist()
    return {row["episode_id"]: row for row in rows}


def transcript(connections: Connections, episode: str) -> dict | None:
    """Returns the newest transcript row of an episode, with TRANSCRIPT_COLUMNS."""
    lake = connections.lake
    rows = lake.read_equal(TRANSCRIPTS.name, "episode_id", episode, TRANSCRIPT_COLUMNS).to_pylist()
    return max(rows, key=lambda row: row["day"], default=None)


@dataclass(frozen=True)
class Passages:
    """All chunks of the newest transcripts.

    Attributes:
        rows: PASSAGE_COLUMNS.
        vectors: (n, dimension), unit vectors.
        version: the embedding version of all vectors; None without rows.
    """

    rows: pa.Table
    vectors: np.ndarray
    version: str | None


def passages(connections: Connections) -> Passages:
    """Returns every searchable chunk.

    Raises:
        PermanentError: the vectors have several embedding versions.
    """
    columns = (*PASSAGE_COLUMNS, "vector", "embedding_version")
    chunks = latest(connections.lake.read(VECTORS.name, columns=columns))
    require_one_version(chunks)
    version = chunks["embedding_version"][0].as_py() if len(chunks) else None
    rows = chunks.drop_columns(["vector", "embedding_version"])
    return Passages(rows, vector_matrix(chunks["vector"]), version)


def withdrawn(connections: Connections, known: dict[str, dict]) -> dict[str, Withdrawal]:
    """Returns why episodes are withdrawn, by id; the others are absent.

    Args:
        connections: stores.
        known: rows of EPISODES by id, with `show_id`.
    """
    state = WithdrawalRecords(connections.lake).state()
    found = {e: state.of(e, row["show_id"]) for e, row in known.items()}
    return {e: withdrawal for e, withdrawal in found.items() if withdrawal}


def withdrawal(connections: Connections, episode: str) -> Withdrawal | None:
    """Returns why an episode is withdrawn; None if it is not."""
    rows = connections.lake.read_equal(
        EPISODES.name, "episode_id", episode, ("day", "episode_id", "show_id")
    )
    known = {r["episode_id"]: r for r in latest(rows).to_pylist()}
    return withdrawn(connections, known).get(episode)


def search(
    query: str, among: Passages, encoder: Encoder, k: int, hidden: Collection[str] = ()
) -> list[dict]:
    """Finds the k best episodes for a query, each with its closest passage in words and meaning.

    Args:
        query: words to search for.
        among: what to search.
        encoder: encodes the query.
        k: most episodes.
        hidden: episodes that are not found, because they are withdrawn.

    Returns:
        {episode_id, chunk, start_s, end_s, text, quote, score, cosine, lexical}, best first.

    Raises:
        PermanentError: the passages were encoded with a different model than the query.
    """
    if not len(among.rows) or not terms(query):
        return []
    require_encoder(among.version, encoder)
    vector = encoder.encode([query[:QUERY_LENGTH]])[0]
    best = best_passages(query, vector, among.rows, among.vectors, k + len(hidden))
    return [match for match in best if match["episode_id"] not in hidden][:k]


def described(matches: list[dict], known: dict[str, dict]) -> list[dict]:
    """Returns search results with the show and title of their episode."""
    described = []
    for match in matches:
        episode = known.get(match["episode_id"], {})
        described.append(
            {"show": episode.get("show_title"), "title": episode.get("title"), **match}
        )
    return described
