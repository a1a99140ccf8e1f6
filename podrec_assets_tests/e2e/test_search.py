"""Search and export by the commands, on a world that the graph filled from the sample feeds."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.content.similarity.passage_search import bm25_shares
from podrec_assets.content.similarity.vectors import vector_matrix
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving.catalogue import passages, search
from podrec_assets_tests.e2e.small_world import by_show
from podrec_assets_tests.serving.recommendations_schema import SCHEMA
from podrec_benchmarks.queries import NAMED, PARAPHRASED

pytestmark = pytest.mark.services


@pytest.fixture
def world(served_world: Connections, monkeypatch: pytest.MonkeyPatch) -> Connections:
    monkeypatch.setenv("PODREC_HOME", str(served_world.settings.home))
    monkeypatch.setenv("PODREC_ENGINE", "local")
    return served_world


def podrec(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_command_tells_show_title_time_and_quote(world: Connections) -> None:
    document = json.loads(
        podrec("search", "why did the comet break into pieces", "--k", "2", "--json")
    )
    first, _ = document["passages"]
    assert (first["show"], first["title"]) == ("The Long Exposure", "A comet that forgot to shine")
    assert 0 <= first["start_s"] < first["end_s"]
    assert first["quote"] in first["text"] or first["quote"].removesuffix(" …") in first["text"]
    assert "The Long Exposure: A comet that forgot to shine at " in podrec("search", "comet")
    assert "nothing found" in podrec("search", "!?")


def test_rare_words_and_paraphrases_find_their_episode_and_the_fused_arms_are_no_worse_than_either(
    world: Connections,
) -> None:
    titles = {
        r["episode_id"]: r["title"]
        for r in world.lake.read("episodes", columns=("episode_id", "title")).to_pylist()
    }
    among = passages(world)
    of_row = np.array([titles[e] for e in among.rows["episode_id"].to_pylist()])
    hits: dict[str, list[bool]] = {"fused": [], "lexical": [], "semantic": []}
    for query, title in (NAMED | PARAPHRASED).items():
        if title not in titles.values():
            continue
        lexical, cosines = (
            bm25_shares(query, among.rows),
            among.vectors @ world.encoder.encode([query])[0],
        )
        hits["fused"].append(
            titles[search(query, among, world.encoder, 1)[0]["episode_id"]] == title
        )
        hits["lexical"].append(lexical.max() > 0 and of_row[lexical.argmax()] == title)
        hits["semantic"].append(of_row[cosines.argmax()] == title)
    shares = {arm: float(np.mean(found)) for arm, found in hits.items()}
    assert len(hits["fused"]) >= 10
    assert shares["fused"] >= max(0.9, shares["lexical"], shares["semantic"]), shares


def test_every_episode_with_neighbours_is_exported_as_a_valid_file(
    world: Connections, tmp_path: Path
) -> None:
    episode = by_show(world)["Crumb"][0]
    one = json.loads(podrec("export", episode, "--k", "3"))
    assert len(one["recommendations"]) == 3
    assert "files in" in podrec("export", "--all", str(tmp_path / "out"), "--k", "3")
    files = {f.stem: json.loads(f.read_text()) for f in (tmp_path / "out").glob("*.json")}
    with_text = set(world.lake.read("vectors", columns=("episode_id",))["episode_id"].to_pylist())
    assert files.keys() == with_text
    assert files[episode] == one
    for document in files.values():
        jsonschema.validate(document, SCHEMA)
    assert CliRunner().invoke(app, ["export"]).exit_code == 2


def test_all_tokens_of_the_world_reached_the_encoder(world: Connections) -> None:
    rows = world.lake.read("vectors")
    spoken = world.lake.read("transcripts", "status = 'ok'", ("text",))["text"].to_pylist()
    assert sum(rows["token_count"].to_pylist()) == sum(
        world.encoder.count_tokens(t) for t in spoken
    )
    norms = np.linalg.norm(vector_matrix(rows["vector"]), axis=1)
    assert norms == pytest.approx(1, abs=1e-5)
