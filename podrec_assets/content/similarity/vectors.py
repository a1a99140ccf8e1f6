"""Rows of `vectors`: transcripts without labels and boilerplate, cut into chunks and encoded.

Every token of a transcript is accounted for: it is in a chunk, or counted as left out. Pure.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.boilerplate import is_boilerplate, word_hashes
from podrec_assets.content.similarity.chunking import Chunk, make_chunks, split_sentences
from podrec_assets.content.similarity.encoder import Encoder, Progress
from podrec_assets.errors import PermanentError
from podrec_assets.schemas import VECTORS

CHUNKER = "sentences-2"
NO_RUNS = np.empty(0, dtype=np.uint64)


def embedding_version(encoder: Encoder, chunk_tokens: int) -> str:
    """Returns what a vector depends on: the encoder's version and the chunker with its size."""
    return f"{encoder.version}/{CHUNKER}-{chunk_tokens}"


def embed_transcripts(
    transcripts: pa.Table,
    encoder: Encoder,
    chunk_tokens: int,
    recurring: dict[str, np.ndarray] | None = None,
    known: dict[str, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """Returns rows of VECTORS, one for each chunk, ordered by day, episode and chunk.

    Args:
        transcripts: rows of TRANSCRIPTS; those without text have no chunks.
        encoder: makes the vectors.
        chunk_tokens: most tokens of a chunk.
        recurring: episode_id -> recurring runs of its show (`boilerplate.recurring_runs`);
            sentences made of them are left out.
        known: text -> vector of this embedding version, reused.
        progress: called with (chunks encoded, chunks to encode).
    """
    known = known or {}
    rows = list(_chunk_rows(transcripts, encoder, chunk_tokens, recurring or {}))
    new_texts = list(dict.fromkeys(r["text"] for r in rows if r["text"] not in known))
    if new_texts:
        known = known | dict(zip(new_texts, encoder.encode(new_texts, progress), strict=True))
    return VECTORS.rows(row | {"vector": known[row["text"]]} for row in rows)


def _chunk_rows(
    transcripts: pa.Table, encoder: Encoder, chunk_tokens: int, recurring: dict[str, np.ndarray]
) -> Iterator[dict]:
    version = embedding_version(encoder, chunk_tokens)
    for transcript in sorted(_with_text(transcripts), key=lambda t: (t["day"], t["episode_id"])):
        runs = recurring.get(transcript["episode_id"], NO_RUNS)
        counted = _chunks_and_left_out(transcript["segments"], runs, encoder, chunk_tokens)
        for number, (chunk, left_out) in enumerate(counted):
            yield {
                "day": transcript["day"],
                "episode_id": transcript["episode_id"],
                "chunk": number,
                "start_s": chunk.start_s,
                "end_s": chunk.end_s,
                "text": chunk.text,
                "token_count": chunk.token_count,
                "left_out_token_count": left_out,
                "embedding_version": version,
            }


def _with_text(transcripts: pa.Table) -> Iterable[dict]:
    rows = transcripts.select(["day", "episode_id", "status", "segments"]).to_pylist()
    return [t for t in rows if t["status"] == "ok" and t["segments"]]


def _chunks_and_left_out(
    segments: list[dict], recurring: np.ndarray, encoder: Encoder, chunk_tokens: int
) -> list[tuple[Chunk, int]]:
    """Returns (chunk, tokens of boilerplate left out inside or right before it), in order.

    The last chunk also counts the boilerplate after it.
    """
    sentences = split_sentences(segments, chunk_tokens, encoder.count_tokens)
    flags = is_boilerplate([word_hashes(s.text) for s in sentences], recurring)
    kept = (s for s, flag in zip(sentences, flags, strict=True) if not flag)
    chunks = make_chunks(kept, chunk_tokens)
    left_out, at, pending = [0] * len(chunks), 0, 0
    room = [c.token_count for c in chunks]
    for sentence, flag in zip(sentences, flags, strict=True):
        if flag:
            pending += sentence.token_count
            continue
        while room[at] == 0:
            at += 1
        room[at] -= sentence.token_count
        left_out[at], pending = left_out[at] + pending, 0
    if chunks:
        left_out[-1] += pending
    return list(zip(chunks, left_out, strict=True))


def lost_tokens(
    transcripts: pa.Table, rows: pa.Table, encoder: Encoder, chunk_tokens: int
) -> tuple[list[str], int]:
    """Recounts all tokens of some days.

    Args:
        transcripts: rows of TRANSCRIPTS: day, episode_id, status, segments.
        rows: rows of VECTORS of the same days: day, episode_id, text, token_count,
            left_out_token_count.
        encoder: counts the tokens.
        chunk_tokens: the size with which the rows were made.

    Returns:
        (a sentence for each episode whose chunks do not add up, tokens of all transcripts).
    """
    counts: dict[tuple, int] = {}
    faults = []
    for row in rows.to_pylist():
        key, tokens = (row["day"], row["episode_id"]), encoder.count_tokens(row["text"])
        if tokens != row["token_count"] or tokens > encoder.max_tokens:
            faults.append(
                f"{key[1]} on {key[0]}: a chunk has {tokens} tokens, noted {row['token_count']}, "
                f"read at most {encoder.max_tokens}."
            )
        counts[key] = counts.get(key, 0) + tokens + row["left_out_token_count"]
    total = 0
    for transcript in _with_text(transcripts):
        key = (transcript["day"], transcript["episode_id"])
        sentences = split_sentences(transcript["segments"], chunk_tokens, encoder.count_tokens)
        expected = sum(s.token_count for s in sentences)
        total += expected
        if expected != counts.pop(key, 0):
            faults.append(
                f"{key[1]} on {key[0]}: {expected} tokens were said, its chunks do not add up to "
                "that."
            )
    faults += [
        f"{episode} on {day}: there are chunks without a transcript." for day, episode in counts
    ]
    return faults, total


def vector_matrix(column: pa.ChunkedArray) -> np.ndarray:
    """Returns a column of vectors as (rows, dimension) float32, without a copy where possible."""
    pieces = [
        piece.flatten().to_numpy().reshape(len(piece), -1) for piece in column.chunks if len(piece)
    ]
    if not pieces:
        return np.empty((0, 0), dtype=np.float32)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def require_one_version(rows: pa.Table) -> None:
    """Refuses vectors of several embedding versions: their cosines mean nothing.

    Raises:
        PermanentError: names the versions, their days and the command that recomputes them.
    """
    spans = (
        rows.select(["embedding_version", "day"])
        .group_by("embedding_version")
        .aggregate([("day", "min"), ("day", "max")])
    )
    if len(spans) < 2:
        return
    versions = sorted(spans.to_pylist(), key=lambda s: (s["day_max"], s["embedding_version"]))
    named = "; ".join(
        f"{s['embedding_version']} on {s['day_min']}..{s['day_max']}" for s in versions
    )
    first, last = min(s["day_min"] for s in versions), max(s["day_max"] for s in versions)
    raise PermanentError(
        f"vectors of several versions cannot be compared ({named}): "
        f"run `podrec run --select vectors --days {first}..{last}`, "
        "which recomputes all of them with the current settings."
    )


def require_encoder(version: str | None, encoder: Encoder) -> None:
    """Refuses vectors of another model than the encoder's; the chunker does not matter.

    Raises:
        PermanentError: names both versions and the command that recomputes the vectors.
    """
    if version is not None and version.rpartition("/")[0] != encoder.version:
        raise PermanentError(
            f"vectors are of version {version}, but the current settings encode with "
            f"{encoder.version}: set PODREC_EMBEDDING_MODEL and PODREC_EMBEDDING_DTYPE back, "
            "or recompute all days with `podrec run --select vectors --days FIRST..LAST`."
        )
