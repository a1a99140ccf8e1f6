"""`podrec plan`, `transcribe` and `models` on a home without services."""

import json
from pathlib import Path

import pytest

from podrec_assets.cli.console import guard
from podrec_assets.cli.main import app
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.content.asr.tiny_models import build_vosk
from podrec_assets_tests.pipelines.content.clips import DAY, episodes, served


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
    assert "transcripts are made with pocketsphinx/" in shown
    build_vosk(tmp_path / "cache" / "models" / "vosk-model-small-en-us-9")
    document = json.loads(podrec(capsys, "models", "list", "--json")[1])
    assert [m["name"] for m in document["models"]] == ["vosk-model-small-en-us-9"]
    assert document["chosen"].startswith("vosk/")


@pytest.mark.usefixtures("home")
def test_pull_and_plan_refuse_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = podrec(capsys, "models", "pull", "nonsense")
    assert (code, error.splitlines()[-1].startswith("error: No model is named 'nonsense'")) == (
        1,
        True,
    )
    code, _, error = podrec(capsys, "plan", "--select", "vectors")
    assert (code, "'vectors' cannot be planned" in error) == (1, True)


@pytest.mark.services
@pytest.mark.usefixtures("home")
def test_a_failed_day_is_planned_and_redone_with_another_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "a.wav", tone(2))
    with served(tmp_path) as origin:
        monkeypatch.setenv("PODREC_FETCH_ALLOW", origin)
        connections = Connections(Settings.load(), {})
        connections.lake.replace_days(EPISODES, EPISODES.rows(episodes(origin, ["a.wav"])), [DAY])
        plan = json.loads(podrec(capsys, "plan", "--days", str(DAY), "--json")[1])
        assert (plan["asr_count"], plan["finished_count"], plan["run_count"]) == (1, 0, 1)
        assert podrec(capsys, "run", "--select", "transcripts", "--days", str(DAY))[0] == 0
        columns = ("status", "engine", "attempts")
        [row] = connections.lake.read(TRANSCRIPTS.name, columns=columns).to_pylist()
        assert row == {"status": "failed", "engine": "pocketsphinx/5.1.1/en-us", "attempts": 1}
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
