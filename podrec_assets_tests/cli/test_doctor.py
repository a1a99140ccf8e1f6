"""`podrec doctor` asks only for what the settings need."""

from pathlib import Path

import pytest

from podrec_assets.cli.doctor import diagnose, needed_parts
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import embedding_model, jars
from podrec_assets.settings import Settings

KAFKA, MONGO = {"kafka_bootstrap": "broker:9092"}, {"mongo_uri": "mongodb://db:27017"}
SPARK, LOCAL = {"engine": "spark"}, {"engine": "local"}
STORES = ["lake", "embedding model", "kafka", "mongo"]
JVM = ["Java", "jars"]


def connect(home: Path, **settings: object) -> Connections:
    return Connections(Settings(home=home, **settings), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "parts", "jvms"),
    [
        (LOCAL, [*JVM, *STORES, "samples"], ["kafka", "mongo"]),
        (SPARK, [*JVM, *STORES, "samples"], ["kafka", "mongo", "spark"]),
        (LOCAL | KAFKA, [*JVM, *STORES, "samples"], ["mongo"]),
        (SPARK | MONGO, [*JVM, *STORES, "samples"], ["kafka", "spark"]),
        (SPARK | KAFKA | MONGO, [*JVM, *STORES], ["spark"]),
        (LOCAL | KAFKA | MONGO | {"compute": "spark"}, [*JVM, *STORES], ["spark"]),
        (LOCAL | KAFKA | MONGO, STORES, []),
    ],
)
def test_jars_java_and_samples_are_asked_for_where_they_are_needed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict,
    parts: list[str],
    jvms: list[str],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(jars, "ensure_jars", lambda _, name: asked.append(name))
    needed = {name: check for name, check, _ in needed_parts(connect(tmp_path, **settings))}
    assert list(needed) == ["Python", *parts]
    if "jars" in needed:
        needed["jars"]()
    assert asked == jvms


def test_the_remedy_names_the_setting_of_an_external_service_and_else_the_command(
    tmp_path: Path,
) -> None:
    remedies = {name: remedy for name, _, remedy in needed_parts(connect(tmp_path, **KAFKA))}
    assert remedies["kafka"] == "check PODREC_KAFKA_BOOTSTRAP"
    assert remedies["mongo"] == "run `podrec up`"


@pytest.mark.parametrize("prefix", ["", "sentence-transformers:"])
def test_the_embedding_model_of_the_settings_is_looked_for(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "model").mkdir()
    present, absent = (f"{prefix}{tmp_path / name}" for name in ("model", "none"))
    connections = connect(tmp_path, embedding_model=present, **LOCAL)
    finding = next(f for f in diagnose(connections) if f.what == "embedding model")
    assert (finding.ok, finding.detail) == (True, str(tmp_path / "model"))
    connections = connect(tmp_path, embedding_model=absent, **LOCAL)
    finding = next(f for f in diagnose(connections) if f.what == "embedding model")
    assert (finding.ok, finding.remedy) == (False, "check PODREC_EMBEDDING_MODEL")
    assert f"{tmp_path / 'none'} is not a model folder" in finding.detail


def test_the_default_model_is_looked_for(tmp_path: Path) -> None:
    connections = connect(tmp_path, cache=tmp_path / "cache")
    check = next(c for name, c, _ in needed_parts(connections) if name == "embedding model")
    with pytest.raises(SetupError, match="all-MiniLM-L6-v2 is absent"):
        check()
    folder = embedding_model.folder(connections.settings)
    folder.mkdir(parents=True)
    assert check() == str(folder)
