"""The packaged encoder gives unit vectors of one version, and refuses what it would cut off in silence."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.content.encoder import SentenceEncoder, embed_transcripts, packaged_model
from podrec_assets.errors import PermanentError, SetupError
from podrec_assets.schemas import VECTORS

TEXTS = ["The cat sat on the mat.", "A kitten rests on a rug.", "The central bank raised interest rates.", ""]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def transcript(episode_id: str, *texts: str, day: date = date(2026, 2, 3), status: str = "ok") -> dict:
    segments = [{"start_s": 10.0 * n, "end_s": 10.0 * n + 9, "speaker": None, "text": t} for n, t in enumerate(texts)]
    return {"day": day, "episode_id": episode_id, "status": status, "segments": segments}


def table(*transcripts: dict) -> pa.Table:
    segments = pa.list_(
        pa.struct([("start_s", pa.float64()), ("end_s", pa.float64()), ("speaker", pa.string()), ("text", pa.string())])
    )
    kinds = [("day", pa.date32()), ("episode_id", pa.string()), ("status", pa.string()), ("segments", segments)]
    return pa.Table.from_pylist(list(transcripts), schema=pa.schema(kinds))


def test_vectors_are_unit_float32_rows_of_the_models_dimension(encoder):
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_like_meanings_are_nearer_than_unlike_ones_and_order_and_company_change_nothing(encoder):
    cat, kitten, bank, _ = encoder.encode(TEXTS)
    assert cat @ kitten > 0.5 > 0.2 > cat @ bank
    assert encoder.encode(TEXTS[::-1])[3] == pytest.approx(cat, abs=1e-5)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 384)
    assert embed_transcripts(table(), encoder, 100).equals(VECTORS.empty())


def test_tokens_are_counted_without_the_frame(encoder):
    assert [encoder.count_tokens(t) for t in ("", "hello", "hello world.", "hello " * 254)] == [0, 1, 3, 254]


def test_a_text_that_fills_the_window_is_encoded_and_one_token_more_is_refused(encoder):
    assert encoder.encode(["hello " * 254]).shape == (1, 384)
    with pytest.raises(PermanentError, match="255 tokens is more than the encoder's 254: set PODREC_CHUNK_TOKENS lower"):
        encoder.encode(["short", "hello " * 255])


def test_the_version_names_model_dimension_and_chunker(encoder):
    assert encoder.version == "all-MiniLM-L6-v2/384/sentences-1"
    assert SentenceEncoder(str(packaged_model())).version == "model/384/sentences-1"


def test_a_folder_that_is_not_there_is_named_with_its_setting(tmp_path):
    with pytest.raises(SetupError, match="PODREC_EMBEDDING_MODEL"):
        SentenceEncoder(str(tmp_path / "none")).encode(["x"])


def test_each_chunk_is_a_row_with_its_text_time_tokens_vector_and_version(encoder):
    long = "The cat sat on the mat."
    found = embed_transcripts(
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
    assert found.schema.equals(VECTORS.schema)
    rows = found.to_pylist()
    assert [(r["day"].day, r["episode_id"], r["chunk"], r["start_s"], r["end_s"], r["text"]) for r in rows] == [
        (3, "e1", 0, 0.0, 9.0, "Hello."),
        (3, "e2", 0, 0.0, 19.0, f"{long} It slept."),
        (3, "e2", 1, 20.0, 29.0, long),
        (4, "e1", 0, 0.0, 9.0, "Rates rose."),
    ]
    assert [r["token_count"] for r in rows] == [2, 10, 7, 3]
    assert {r["embedding_version"] for r in rows} == {encoder.version}
    assert rows[2]["vector"] == pytest.approx(encoder.encode([long])[0].tolist(), abs=1e-5)


def test_chunks_larger_than_the_window_are_refused(encoder):
    with pytest.raises(PermanentError, match="PODREC_CHUNK_TOKENS"):
        embed_transcripts(table(transcript("e1", "hello " * 300)), encoder, 300)
