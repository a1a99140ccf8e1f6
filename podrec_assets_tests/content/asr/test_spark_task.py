"""A Spark worker returns the run's result or error, and refuses another engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from podrec_assets.content.asr import engine_choice
from podrec_assets.content.asr import spark_task as tasks
from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.asr.engine_choice import choose_engine, on_this_machine
from podrec_assets.content.asr.spark_task import AsrTask, decode_answer, transcribe_on_worker
from podrec_assets.content.asr.worker_pool import WorkerDiedError, WorkerPool
from podrec_assets.errors import SetupError, UnusableInputError
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.content.asr.tiny_models import build_vosk

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _engines_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """On a Spark worker they end with its Python process."""
    start = tasks._workers.__wrapped__
    with ExitStack() as started:
        monkeypatch.setattr(
            tasks, "_workers", cache(lambda asked: started.enter_context(start(asked)))
        )
        yield


@pytest.fixture
def engine(settings: Settings) -> AsrEngine:
    whisper = {"asr_whisper_model": str(model("tiny.en")), "asr_device": "cpu"}
    chosen = choose_engine(settings.model_copy(update=whisper))
    assert chosen
    return chosen


def task(engine: AsrEngine, max_s: float = 60) -> AsrTask:
    return AsrTask(engine, "auto", 1, max_s, 1024, 60)


def test_a_worker_returns_the_same_result_as_the_run(engine: AsrEngine, tmp_path: Path) -> None:
    audio = write_wav(tmp_path / "tone.wav", tone(1))
    with WorkerPool(engine, 1, 60, 1024, 60) as workers:
        wanted = workers.transcribe(audio, "en")
    recognition = decode_answer(transcribe_on_worker(task(engine), audio.read_bytes(), "en"))
    assert replace(recognition, compute_s=wanted.compute_s) == wanted
    assert recognition.audio_s == pytest.approx(1, abs=0.01)


def test_unusable_audio_is_refused_for_the_same_reasons(engine: AsrEngine, tmp_path: Path) -> None:
    audio = write_wav(tmp_path / "tone.wav", tone(1)).read_bytes()
    for given, max_s, reason in (
        (b"this is no audio", 60, "undecodable_audio"),
        (audio, 0.5, "audio_too_long"),
    ):
        with pytest.raises(UnusableInputError) as refused:
            decode_answer(transcribe_on_worker(task(engine, max_s), given, None))
        assert refused.value.reason == reason


def test_a_worker_whose_disk_is_full_costs_the_file_an_attempt(
    engine: AsrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it reached Spark as missing requirements, and failed the run with all other files."""

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tasks, "NamedTemporaryFile", full)
    with pytest.raises(WorkerDiedError, match="No space left on device"):
        decode_answer(transcribe_on_worker(task(engine), b"", None))


def test_a_worker_with_another_library_or_without_the_model_fails_the_run(
    engine: AsrEngine, tmp_path: Path
) -> None:
    other = replace(engine, version="faster-whisper/0.1/tiny.en")
    with pytest.raises(
        SetupError,
        match=(
            r"would transcribe with faster-whisper/.*, but the run transcribes with "
            r"faster-whisper/0\.1/tiny\.en"
        ),
    ):
        decode_answer(transcribe_on_worker(task(other), b"", None))
    vosk = AsrEngine("vosk", str(tmp_path / "gone"), "vosk/1/gone@00000000", None)
    with pytest.raises(SetupError, match=f"has no model in {tmp_path}/gone"):
        decode_answer(transcribe_on_worker(task(vosk), b"", None))


def test_a_worker_with_a_gpu_uses_it_and_the_version_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tiny.en"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    chosen = choose_engine(
        Settings(
            home=tmp_path,
            asr_engine="faster-whisper",
            asr_whisper_model=str(folder),
            asr_device="cpu",
        )
    )
    assert chosen
    assert chosen.version.endswith("/int8")
    monkeypatch.setattr(
        engine_choice, "resolve_device", lambda wanted: "cuda" if wanted == "auto" else wanted
    )
    assert on_this_machine(chosen, "auto", 3) == replace(
        chosen, device="cuda", threads=3, version=chosen.version.replace("/int8", "/float16")
    )
    assert on_this_machine(chosen, "cpu", 3) == replace(chosen, threads=3)
    (folder / "model.bin").write_bytes(b"other weights")
    with pytest.raises(SetupError, match="would transcribe with"):
        on_this_machine(chosen, "cpu", 3)


def test_a_vosk_model_with_the_same_path_and_files_is_accepted(tmp_path: Path) -> None:
    build_vosk(tmp_path / "any")
    chosen = choose_engine(
        Settings(home=tmp_path, asr_engine="vosk", asr_vosk_model=str(tmp_path / "any"))
    )
    assert chosen
    assert on_this_machine(chosen, "auto", 1) == chosen
