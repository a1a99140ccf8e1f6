"""Rows of `vectors`: transcripts without labels and boilerplate, cut, encoded, with an account of
every token. Pure.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.boilerplate import is_boilerplate, word_hashes
from podrec_assets.content.similarity.chunking import Chunk, chunks, sentences
from podrec_assets.content.similarity.encoder import Encoder, Progress
from podrec_assets.errors import PermanentError
from podrec_assets.schemas import VECTORS

CHUNKER = "sentences-2"


def embedding_version(encoder: Encoder, chunk_tokens: int) -> str:
    """What vectors are made by: the encoder's version and the chunker with its size."""
    return f"{encoder.version}/{CHUNKER}-{chunk_tokens}"


def embed_transcripts(
    transcripts: pa.Table,
    encoder: Encoder,
    chunk_tokens: int,
    recurring: dict[str, np.ndarray] | None = None,
    known: dict[str, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """Rows of VECTORS for each chunk of each transcript with text, ordered by day, episode and
    chunk.

    Args:
        transcripts: rows of TRANSCRIPTS.
        encoder: makes the vectors.
        chunk_tokens: most tokens of a chunk.
        recurring: episode_id -> recurring runs of its show (`boilerplate.recurring_runs`);
            sentences made of them are left out.
        known: text -> vector of this embedding version, used again.
        progress: called with (chunks encoded, chunks to encode).
    """
    recurring, known = recurring or {}, known or {}
    version = embedding_version(encoder, chunk_tokens)
    none = np.empty(0, dtype=np.uint64)
    rows: list[dict] = []
    for transcript in sorted(with_text(transcripts), key=lambda t: (t["day"], t["episode_id"])):
        runs = recurring.get(transcript["episode_id"], none)
        for number, (chunk, left_out) in enumerate(
            accounted(transcript["segments"], runs, encoder, chunk_tokens)
        ):
            rows.append(
                {
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
            )
    fresh = list(dict.fromkeys(r["text"] for r in rows if r["text"] not in known))
    found = (
        known | dict(zip(fresh, encoder.encode(fresh, progress), strict=True)) if fresh else known
    )
    return VECTORS.rows(row | {"vector": found[row["text"]]} for row in rows)


def with_text(transcripts: pa.Table) -> Iterable[dict]:
    """The rows that have words to encode."""
    wanted = transcripts.select(["day", "episode_id", "status", "segments"]).to_pylist()
    return [t for t in wanted if t["status"] == "ok" and t["segments"]]


def accounted(
    segments: list[dict], recurring: np.ndarray, encoder: Encoder, chunk_tokens: int
) -> list[tuple[Chunk, int]]:
    """(chunk, tokens of boilerplate left out in it or right before it) in order; the last one bears
    what follows it too.
    """
    said = sentences(segments, chunk_tokens, encoder.count_tokens)
    flags = is_boilerplate([word_hashes(s.text) for s in said], recurring)
    found = chunks((s for s, flag in zip(said, flags, strict=True) if not flag), chunk_tokens)
    left_out, at, missing = [0] * len(found), 0, 0
    room = [c.token_count for c in found]
    for sentence, flag in zip(said, flags, strict=True):
        if flag:
            missing += sentence.token_count
            continue
        while room[at] == 0:
            at += 1
        room[at] -= sentence.token_count
        left_out[at], missing = left_out[at] + missing, 0
    if found:
        left_out[-1] += missing
    return list(zip(found, left_out, strict=True))


def lost_tokens(
    transcripts: pa.Table, rows: pa.Table, encoder: Encoder, chunk_tokens: int
) -> tuple[list[str], int]:
    """(a sentence for each episode whose tokens and chunks do not add up, tokens of all
    transcripts), counted anew.

    Args:
        transcripts: rows of TRANSCRIPTS: day, episode_id, status, segments.
        rows: rows of VECTORS of the same days: day, episode_id, text, token_count,
            left_out_token_count.
        encoder: counts the tokens.
        chunk_tokens: as the rows were made with.
    """
    found: dict[tuple, int] = {}
    faults = []
    for row in rows.to_pylist():
        key, tokens = (row["day"], row["episode_id"]), encoder.count_tokens(row["text"])
        if tokens != row["token_count"] or tokens > encoder.max_tokens:
            limit = encoder.max_tokens
            faults.append(
                f"{key[1]} on {key[0]}: a chunk has {tokens} tokens, noted {row['token_count']}, read at most {limit}."
            )
        found[key] = found.get(key, 0) + tokens + row["left_out_token_count"]
    expected = 0
    for transcript in with_text(transcripts):
        key = (transcript["day"], transcript["episode_id"])
        said = sum(
            s.token_count
            for s in sentences(transcript["segments"], chunk_tokens, encoder.count_tokens)
        )
        expected += said
        if said != found.pop(key, 0):
            faults.append(
                f"{key[1]} on {key[0]}: {said} tokens were said, its chunks do not add up to that."
            )
    faults += [
        f"{episode} on {day}: there are chunks without a transcript." for day, episode in found
    ]
    return faults, expected


def require_one_version(rows: pa.Table) -> None:
    """Refuses vectors of several versions, for their cosines mean nothing.

    Raises:
        PermanentError: names the versions, their days and the command that makes them one again.
    """
    spans = (
        rows.select(["embedding_version", "day"])
        .group_by("embedding_version")
        .aggregate([("day", "min"), ("day", "max")])
    )
    if len(spans) < 2:
        return
    found = sorted(spans.to_pylist(), key=lambda s: (s["day_max"], s["embedding_version"]))
    named = "; ".join(f"{s['embedding_version']} on {s['day_min']}..{s['day_max']}" for s in found)
    first, last = min(s["day_min"] for s in found), max(s["day_max"] for s in found)
    raise PermanentError(
        f"vectors of several versions cannot be compared ({named}): run `podrec run --select vectors --days {first}..{last}`, "
        "which makes them all by the present settings."
    )


def require_encoder(version: str | None, encoder: Encoder) -> None:
    """Refuses to compare vectors of an embedding version with those that the encoder would make;
    its chunker does not matter.

    Raises:
        PermanentError: names both versions and the command that makes them one again.
    """
    if version is not None and version.rpartition("/")[0] != encoder.version:
        raise PermanentError(
            f"vectors are of version {version}, the present settings encode with {encoder.version}: set PODREC_EMBEDDING_MODEL "
            "and PODREC_EMBEDDING_DTYPE back, or make all days again with `podrec run --select vectors --days FIRST..LAST`."
        )
