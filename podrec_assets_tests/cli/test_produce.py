"""`podrec produce`: lines that cannot be produced are named, and the others are in Kafka."""

import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.stores.kafka import KafkaStore

pytestmark = pytest.mark.services
LIKE = {"event_id": "1", "user_id": "me", "episode_id": "e", "kind": "like"}


def test_a_file_with_bad_lines_produces_the_others_and_names_them(
    kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"produced-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("PODREC_HOME", str(tmp_path))
    monkeypatch.setenv("PODREC_KAFKA_BOOTSTRAP", kafka_bootstrap)
    lines = [
        LIKE, LIKE | {"note": "x" * 2_000_000}, LIKE | {"recorded_at": "2026-11-02T08:00:00"}, LIKE,
    ]  # fmt: skip
    file = tmp_path / "likes.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    result = CliRunner().invoke(app, ["produce", str(file), "--topic", topic, "--json"])
    document = json.loads(result.stdout)
    assert (document["produced_count"], document["refused_count"]) == (2, 2)
    assert [r["line"] for r in document["refused"]] == [2, 3]
    assert result.exit_code == 1
    assert "2 lines of " in str(result.exception)
    assert sum(KafkaStore(kafka_bootstrap).end_offsets(topic).values()) == 2
