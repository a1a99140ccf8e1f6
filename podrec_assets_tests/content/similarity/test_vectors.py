"""Tokens of transcripts add up: each is encoded, or counted as left out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.content.similarity.boilerplate import recurring_runs, word_hashes
from podrec_assets.content.similarity.openvino_encoder import OpenVinoEncoder
from podrec_assets.content.similarity.vectors import (
    embed_transcripts,
    embedding_version,
    lost_tokens,
    require_one_version,
)
from podrec_assets.errors import PermanentError
from podrec_assets.schemas import VECTORS


@pytest.fixture(scope="module")
def encoder(minilm: Path) -> OpenVinoEncoder:
    return OpenVinoEncoder(str(minilm), "float32")


def transcript(
    episode_id: str, *texts: str, day: date = date(2026, 2, 3), status: str = "ok"
) -> dict:
    segments = [
        {"start_s": 10.0 * n, "end_s": 10.0 * n + 9, "speaker": None, "text": t}
        for n, t in enumerate(texts)
    ]
    return {"day": day, "episode_id": episode_id, "status": status, "segments": segments}


def table(*transcripts: dict) -> pa.Table:
    segments = pa.list_(
        pa.struct(
            [
                ("start_s", pa.float64()),
                ("end_s", pa.float64()),
                ("speaker", pa.string()),
                ("text", pa.string()),
            ]
        )
    )
    kinds = [
        ("day", pa.date32()),
        ("episode_id", pa.string()),
        ("status", pa.string()),
        ("segments", segments),
    ]
    return pa.Table.from_pylist(list(transcripts), schema=pa.schema(kinds))


def test_each_chunk_is_a_row_with_its_text_time_tokens_vector_and_version(
    encoder: OpenVinoEncoder,
) -> None:
    long = "The cat sat on the mat."
    embedded = embed_transcripts(
        table(
            transcript("e2", long, "It slept.", long),
            transcript("e1", "Rates rose.", day=date(2026, 2, 4)),
            transcript("e0", "Never said.", status="no_model"),
            transcript("e3"),
            transcript("e1", "Hello."),
        ),
        encoder,
        10,
    )
    assert embedded.schema.equals(VECTORS.schema)
    rows = embedded.to_pylist()
    assert [
        (r["day"].day, r["episode_id"], r["chunk"], r["start_s"], r["end_s"], r["text"])
        for r in rows
    ] == [
        (3, "e1", 0, 0.0, 9.0, "Hello."),
        (3, "e2", 0, 0.0, 19.0, f"{long} It slept."),
        (3, "e2", 1, 20.0, 29.0, long),
        (4, "e1", 0, 0.0, 9.0, "Rates rose."),
    ]
    assert [r["token_count"] for r in rows] == [2, 10, 7, 3]
    assert (
        {r["embedding_version"] for r in rows}
        == {embedding_version(encoder, 10)}
        == {f"{encoder.version}/sentences-2-10"}
    )
    assert {r["left_out_token_count"] for r in rows} == {0}
    assert rows[2]["vector"] == pytest.approx(encoder.encode([long])[0].tolist(), abs=1e-5)


def test_chunks_larger_than_the_window_are_refused(encoder: OpenVinoEncoder) -> None:
    with pytest.raises(PermanentError, match="PODREC_CHUNK_TOKENS"):
        embed_transcripts(table(transcript("e1", "hello " * 300)), encoder, 300)


INTRO = "Welcome to the night sky, the patient show about stars and cold hands. "
FAREWELL = " Thanks for listening and we will see you all again next week."
SAID = ("Comets break.", "Mirrors gather dust and light.", "The moon has hills. It has seas too.")


def repeated() -> tuple[pa.Table, dict[str, np.ndarray]]:
    """Three episodes with one intro and one farewell, and their recurring runs."""
    texts = [INTRO + said + FAREWELL for said in SAID]
    runs = recurring_runs([word_hashes(t) for t in texts])
    return table(*(transcript(f"e{n}", t) for n, t in enumerate(texts))), {
        f"e{n}": runs for n in range(3)
    }


def test_boilerplate_is_left_out_and_every_token_is_counted(
    encoder: OpenVinoEncoder,
) -> None:
    # Intro and farewell are longer than these episodes, so alone they would count as one episode
    # told three times.
    own = [
        " ".join(f"{word}{n}" for word in ("alpha", "beta", "gamma", "delta")) + "."
        for n in range(30)
    ]
    texts = [
        INTRO + said + " " + " ".join(own[10 * n : 10 * n + 10]) + FAREWELL
        for n, said in enumerate(SAID)
    ]
    runs = recurring_runs([word_hashes(t) for t in texts])
    rows = table(*(transcript(f"e{n}", t) for n, t in enumerate(texts)))
    embedded = embed_transcripts(rows, encoder, 60, {f"e{n}": runs for n in range(3)})
    whole = " ".join(embedded["text"].to_pylist())
    assert "Welcome" not in whole
    assert "listening" not in whole
    assert all(
        said in whole
        for said in ("Comets break.", "Mirrors gather dust and light.", "It has seas too.")
    )
    left_out = encoder.count_tokens(INTRO) + encoder.count_tokens(FAREWELL)
    by_episode = (
        embedded.group_by("episode_id").aggregate([("left_out_token_count", "sum")]).to_pylist()
    )
    assert {r["left_out_token_count_sum"] for r in by_episode} == {left_out}
    first, *_, last = embedded.filter(pa.compute.field("episode_id") == "e0")[
        "left_out_token_count"
    ].to_pylist()
    assert (first, last) == (encoder.count_tokens(INTRO), encoder.count_tokens(FAREWELL))
    assert lost_tokens(rows, embedded, encoder, 60) == (
        [],
        sum(encoder.count_tokens(t) for t in texts),
    )


def test_an_episode_that_is_mostly_repeated_keeps_everything(encoder: OpenVinoEncoder) -> None:
    rows, runs = repeated()
    embedded = embed_transcripts(rows, encoder, 60, runs)
    assert embedded["text"].to_pylist() == [INTRO + said + FAREWELL for said in SAID]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda r: [{**r[0], "text": "hello"}, *r[1:]],
            ["a chunk has 1 tokens", "tokens were said"],
        ),
        (lambda r: r[1:], ["tokens were said, its chunks do not add up"]),
        (
            lambda r: [{**r[0], "left_out_token_count": 1}, *r[1:]],
            ["tokens were said, its chunks do not add up"],
        ),
        (lambda r: [*r, {**r[0], "episode_id": "e9"}], ["there are chunks without a transcript"]),
    ],
    ids=["cut text", "lost chunk", "wrong account", "orphan"],
)
def test_lost_tokens_are_found(
    encoder: OpenVinoEncoder, change: Callable[[list[dict]], list[dict]], words: list[str]
) -> None:
    rows, _ = repeated()
    embedded = embed_transcripts(rows, encoder, 60).to_pylist()
    faults, _ = lost_tokens(rows, VECTORS.rows(change(embedded)), encoder, 60)
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))


def test_known_vectors_are_reused(
    encoder: OpenVinoEncoder,
) -> None:
    rows = table(transcript("e1", "One thing."), transcript("e2", "Another thing."))
    mark = np.full(384, 0.25, dtype=np.float32)
    told: list[tuple[int, int]] = []
    embedded = embed_transcripts(
        rows, encoder, 60, known={"One thing.": mark}, progress=lambda *p: told.append(p)
    )
    assert embedded["vector"].to_pylist()[0] == mark.tolist()
    assert told == [(1, 1)]


def test_vectors_of_several_versions_are_refused_with_days_and_command() -> None:
    rows = VECTORS.rows(
        {"day": date(2026, 2, d), "episode_id": f"e{d}", "chunk": 0, "embedding_version": v}
        for d, v in ((1, "old"), (2, "old"), (3, "new"))
    )
    require_one_version(rows.slice(0, 2))
    require_one_version(VECTORS.empty())
    with pytest.raises(
        PermanentError,
        match=(
            r"old on 2026-02-01..2026-02-02; new on .*--select vectors --days "
            r"2026-02-01..2026-02-03`"
        ),
    ):
        require_one_version(rows)
