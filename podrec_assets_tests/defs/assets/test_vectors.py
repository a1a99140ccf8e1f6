"""The vectors asset in real runs: reuse, the count of tokens, and a change of embedding version."""

from datetime import UTC, date, datetime

import dagster as dg
import numpy as np
import pytest

from podrec_assets.content.similarity.encoder import Progress
from podrec_assets.content.similarity.vectors import require_one_version
from podrec_assets.defs.assets.content import similarities, vectors
from podrec_assets.defs.checks.vectors import every_token_is_encoded
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import DailyDocs, MongoIOManager
from podrec_assets.defs.partitions import range_tags
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.serving import catalogue
from podrec_assets.settings import Settings

pytestmark = pytest.mark.slow

D1, D2, D3 = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)
INTRO = "Welcome to the patient show about cold hands and far away stars in the night."


class WordEncoder:
    """A predictable encoder: a word is a token and a direction. It records the texts it encodes."""

    max_tokens = 254

    def __init__(self, version: str) -> None:
        self.version = version
        self.encoded: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def encode(self, texts: list[str], _progress: Progress | None = None) -> np.ndarray:
        self.encoded += texts
        result = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(result, texts, strict=True):
            for word in text.lower().split():
                row[sum(word.encode()) % 64] += 1
        return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9)


class Kept(dg.IOManager):
    """Keeps what an asset returned, instead of Mongo, which other tests cover."""

    def __init__(self) -> None:
        self.docs: DailyDocs = {}

    def handle_output(self, _context: dg.OutputContext, obj: DailyDocs) -> None:
        self.docs = obj

    def load_input(self, _context: dg.InputContext) -> DailyDocs:
        return self.docs


@pytest.fixture
def connections(settings: Settings) -> Connections:
    """A lake with an episode on each of three days, all with the same intro."""
    planted = Connections(settings, {})
    planted.encoder = WordEncoder("words@1/64/float32")  # type: ignore[misc]
    for number, day in enumerate((D1, D2, D3)):
        land(planted, day, f"e{number}", sentences_of(number))
    return planted


def sentences_of(number: int) -> list[str]:
    return [
        INTRO,
        *(f"Matter{number} part{n} of comets number{number}x{n} and ice." for n in range(8)),
    ]


def land(connections: Connections, day: date, episode: str, sentences: list[str]) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    announced = {
        "day": day,
        "episode_id": episode,
        "show_id": "s1",
        "title": episode,
        "language": "en",
        "recorded_at": at,
    }
    segments = [
        {"start_s": 5.0 * n, "end_s": 5.0 * n + 5, "speaker": None, "text": s}
        for n, s in enumerate(sentences)
    ]
    text = {
        "day": day,
        "episode_id": episode,
        "status": "ok",
        "text": " ".join(sentences),
        "segments": segments,
    }
    connections.lake.replace_days(EPISODES, EPISODES.rows([announced]), [day])
    connections.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows([text]), [day])


def run(
    connections: Connections,
    assets: list,
    first: date = D1,
    last: date = D3,
    kept: dg.IOManager | None = None,
) -> dg.ExecuteInProcessResult:
    resources = {
        "connections": connections,
        "delta": DeltaIOManager(connections=connections),
        "mongo": kept or MongoIOManager(connections=connections),
        "spark": SparkResource.from_settings(connections.settings),
    }
    upstream = [
        dg.AssetSpec(
            n, partitions_def=vectors.partitions_def, metadata={"dagster/io_manager_key": "delta"}
        )
        for n in ("episodes", "transcripts")
    ]
    selection = [a for a in assets if isinstance(a, dg.AssetsDefinition)]
    return dg.materialize(
        [*assets, *upstream, *([vectors] if vectors not in assets else [])],
        selection=dg.AssetSelection.assets(*selection)
        | dg.AssetSelection.checks_for_assets(*selection),
        resources=resources,
        tags=range_tags(first, last),
        raise_on_error=False,
    )


def rows(connections: Connections) -> list[dict]:
    return sorted(
        connections.lake.read("vectors").to_pylist(), key=lambda r: (r["day"], r["chunk"])
    )


def test_the_repeated_intro_is_left_out_and_counted_and_the_check_passes(
    connections: Connections,
) -> None:
    result = run(connections, [vectors, every_token_is_encoded])
    assert result.success
    assert not any("Welcome" in r["text"] for r in rows(connections))
    [check] = result.get_asset_check_evaluations()
    assert check.passed
    words = sum(len(s.split()) for n in range(3) for s in sentences_of(n))
    assert check.metadata["token_count"].value == words
    assert check.metadata["left_out_token_count"].value == 3 * len(INTRO.split())


def test_chunks_longer_than_the_encoder_reads_fail_the_check(connections: Connections) -> None:
    class Forgetful(WordEncoder):
        """Reads fewer tokens than the chunks have."""

        max_tokens = 40

    run(connections, [vectors])
    connections.encoder = Forgetful("words@1/64/float32")  # type: ignore[misc]
    [check] = run(connections, [vectors, every_token_is_encoded]).get_asset_check_evaluations()
    assert not check.passed
    faults = check.metadata["faults"]
    assert isinstance(faults, dg.JsonMetadataValue)
    assert isinstance(faults.value, list)
    assert "a chunk has" in faults.value[0]


def test_a_second_run_encodes_nothing_and_changes_no_rows(connections: Connections) -> None:
    run(connections, [vectors])
    before, connections.encoder.encoded = rows(connections), []  # type: ignore[attr-defined]
    assert run(connections, [vectors]).success
    assert connections.encoder.encoded == []  # type: ignore[attr-defined]
    assert rows(connections) == before


def test_a_changed_transcript_encodes_only_its_changed_chunks(connections: Connections) -> None:
    run(connections, [vectors])
    connections.encoder.encoded = []  # type: ignore[attr-defined]
    land(connections, D2, "e1", [*sentences_of(1), "One more thing was said."])
    assert run(connections, [vectors]).success
    assert connections.encoder.encoded == [rows(connections)[1]["text"]]  # type: ignore[attr-defined]


def test_mixed_embedding_versions_are_refused_until_all_days_are_backfilled(
    connections: Connections,
) -> None:
    run(connections, [vectors])
    connections.encoder = WordEncoder("words@2/64/float32")  # type: ignore[misc]
    run(connections, [vectors], D3, D3)
    kept = Kept()
    refused = run(connections, [similarities], D3, D3, kept)
    assert not refused.success
    [failure] = [e for e in refused.all_events if e.is_step_failure]
    assert failure.step_failure_data.error
    message = str(failure.step_failure_data.error.cause)
    assert "words@1/64/float32/sentences-2-250 on 2026-11-01..2026-11-02" in message
    assert "run `podrec run --select vectors --days 2026-11-01..2026-11-03`" in message
    with pytest.raises(PermanentError, match="several versions"):
        catalogue.passages(connections)
    assert run(connections, [vectors], D1, D3).success
    require_one_version(connections.lake.read("vectors"))
    assert run(connections, [similarities], D3, D3, kept).success
    assert {
        d["episode_id"]: sorted(i["episode_id"] for i in d["items"]) for d in kept.docs[D3]
    } == {
        "e0": ["e1", "e2"],
        "e1": ["e0", "e2"],
        "e2": ["e0", "e1"],
    }


def test_a_query_encoded_by_another_model_is_refused(connections: Connections) -> None:
    run(connections, [vectors])
    among = catalogue.passages(connections)
    assert (
        catalogue.search("matter1 comets", among, connections.encoder, 1)[0]["episode_id"] == "e1"
    )
    with pytest.raises(
        PermanentError, match=r"vectors are of version words@1.* encode with words@2"
    ):
        catalogue.search("comets", among, WordEncoder("words@2/64/float32"), 1)
