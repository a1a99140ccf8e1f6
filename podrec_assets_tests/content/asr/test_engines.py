"""Each engine really loads and decodes; the default model also recognises real speech."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from podrec_assets.content.asr.contract import AsrEngine, Recognition, Recognizer
from podrec_assets.content.asr.engine_choice import choose_engine, load_recognizer
from podrec_assets.content.asr.transcribe_file import transcribe_file
from podrec_assets.content.asr.worker_pool import WorkerDiedError, WorkerPool
from podrec_assets.errors import SetupError, UnusableInputError
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.content.asr.tiny_models import build_vosk, build_whisper
from podrec_assets_tests.content.asr.wer import word_error_rate

pytestmark = pytest.mark.slow

JFK = (
    "And so, my fellow Americans: ask not what your country can do for you, ask what you can do "
    "for your country."
)


@pytest.fixture(scope="module")
def speech(shared_data: Path) -> Path:
    return shared_data / "speech"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model cache that holds one tiny model of each kind."""
    folder = tmp_path_factory.mktemp("cache")
    build_vosk(folder / "models" / "vosk-model-tiny-en-us-0.1")
    build_whisper(folder / "models" / "whisper-random")
    return folder


@pytest.fixture(scope="module")
def tiny_en() -> tuple[AsrEngine, Recognizer]:
    engine = chosen(asr_whisper_model=str(model("tiny.en")))
    return engine, load_recognizer(engine)


def chosen(**settings: Any) -> AsrEngine:
    engine = choose_engine(Settings(**{"asr_device": "cpu", **settings}))
    assert engine
    return engine


def check_times(recognition: Recognition) -> None:
    assert recognition.segments
    times = [t for s in recognition.segments for t in (s["start_s"], s["end_s"])]
    assert all(a <= b for a, b in pairwise(times))
    assert times[0] >= 0
    assert times[-1] <= recognition.audio_s
    assert all(0 <= s["confidence"] <= 1 for s in recognition.segments)
    for segment in recognition.segments:
        inside = [t for w in segment["words"] for t in (w["start_s"], w["end_s"])]
        assert inside == sorted(inside)
        assert segment["start_s"] <= inside[0]
        assert inside[-1] <= segment["end_s"]


def test_the_default_model_recognises_a_clear_speech(
    speech: Path, tiny_en: tuple[AsrEngine, Recognizer]
) -> None:
    engine, recognizer = tiny_en
    recognition = transcribe_file(speech / "jfk.flac", recognizer, engine.version)
    assert word_error_rate(JFK, recognition.text) == 0
    assert (recognition.audio_s, recognition.language, recognition.engine) == (
        11.0,
        "en",
        engine.version,
    )
    check_times(recognition)


@pytest.mark.parametrize("name", ["vosk", "faster-whisper"])
def test_an_engine_loads_a_model_folder_and_decodes_real_speech(
    speech: Path, cache: Path, name: str
) -> None:
    engine = choose_engine(Settings(cache=cache, asr_engine=name, asr_device="cpu", asr_threads=1))  # type: ignore[arg-type]
    assert engine
    assert engine.name == name
    recognizer = load_recognizer(engine)
    recognition = transcribe_file(speech / "vosk-digits.wav", recognizer, engine.version, "en")
    assert (recognition.language, recognition.audio_s) == ("en", 8.308)
    if name == "vosk":
        check_times(recognition)
    else:
        assert transcribe_file(speech / "vosk-digits.wav", recognizer, engine.version).language in (
            "en",
            "de",
        )


def test_the_korean_model_of_vosk_hears_words_with_times_and_nothing_in_silence(
    speech: Path, tmp_path: Path
) -> None:
    engine = chosen(asr_engine="vosk", asr_vosk_model=str(model("vosk-ko")))
    assert (engine.languages, engine.supports("en")) == (("ko",), False)
    recognizer = load_recognizer(engine)
    silence = write_wav(tmp_path / "silence.wav", tone(5, level=0.0))
    assert transcribe_file(silence, recognizer, engine.version, "ko").segments == []
    # No Korean clip is at hand: English speech becomes Korean words of about its sounds.
    recognition = transcribe_file(speech / "jfk.flac", recognizer, engine.version, "ko")
    check_times(recognition)
    words = [w for s in recognition.segments for w in s["words"]]
    korean = [w for w in words if all("가" <= letter <= "힣" for letter in w["text"])]
    assert len(words) >= 8
    assert len(korean) >= 0.8 * len(words)
    assert recognition.text == " ".join(w["text"] for w in words)
    assert words[-1]["end_s"] - words[0]["start_s"] > 8
    assert all(0 < w["end_s"] - w["start_s"] < 3 for w in words)


def test_auto_prefers_whisper_then_vosk_and_without_a_model_nothing(
    cache: Path, tmp_path: Path
) -> None:
    assert choose_engine(Settings(cache=tmp_path)) is None
    whisper = chosen(cache=cache)
    assert whisper.version.startswith("faster-whisper/1.2.1-2/whisper-random@")
    assert whisper.version.endswith("/int8")
    vosk = chosen(
        cache=tmp_path, asr_vosk_model=str(cache / "models" / "vosk-model-tiny-en-us-0.1")
    )
    assert (vosk.name, vosk.languages) == ("vosk", None) or vosk.languages == ("en",)
    assert choose_engine(Settings(cache=tmp_path, asr_engine="none")) is None
    for wanted in ("vosk", "faster-whisper"):
        with pytest.raises(
            SetupError, match=f"PODREC_ASR_ENGINE={wanted}, but no model of it is on disk"
        ):
            chosen(cache=tmp_path, asr_engine=wanted)
    with pytest.raises(SetupError, match="'nowhere' is not a faster-whisper model on disk"):
        chosen(cache=tmp_path, asr_whisper_model="nowhere")


def test_another_model_under_the_same_name_is_another_version(tmp_path: Path) -> None:
    def version(seed: int) -> str:
        build_vosk(tmp_path / "models" / "vosk-model-small-de-1", seed=seed)
        engine = choose_engine(Settings(cache=tmp_path, asr_engine="vosk"))
        assert engine
        assert engine.languages == ("de",)
        assert not engine.supports("en")
        return engine.version

    assert version(1) == version(1) != version(2)


@pytest.mark.parametrize("name", ["vosk", "faster-whisper"])
def test_a_damaged_model_is_one_clear_error(tmp_path: Path, name: str) -> None:
    file = {"vosk": "am/final.mdl", "faster-whisper": "model.bin"}[name]
    (tmp_path / "models" / "m" / file).parent.mkdir(parents=True)
    (tmp_path / "models" / "m" / file).write_bytes(b"damaged")
    for extra in ("config.json", "tokenizer.json"):
        (tmp_path / "models" / "m" / extra).write_text("{}")
    engine = choose_engine(Settings(cache=tmp_path, asr_engine=name, asr_device="cpu"))  # type: ignore[arg-type]
    assert engine
    with (
        WorkerPool(engine, 1, 60, 1024, 60) as workers,
        pytest.raises(SetupError, match="cannot load"),
    ):
        workers.transcribe(tmp_path / "a.wav", "en")


def test_a_worker_that_dies_costs_its_file_an_attempt_and_the_next_file_gets_a_new_one(
    tmp_path: Path,
) -> None:
    engine = chosen(asr_whisper_model=str(model("tiny.en")))
    clip = write_wav(tmp_path / "a.wav", tone(1))
    with WorkerPool(engine, 1, 60, 1024, 60) as workers:
        with pytest.raises(UnusableInputError, match="cannot be decoded"):
            workers.transcribe(tmp_path / "none.wav", "en")
        assert workers.transcribe(clip, "en").text == ""
        workers._all[0]._process.kill()
        workers._all[0]._process.wait()
        with pytest.raises(WorkerDiedError):
            workers.transcribe(clip, "en")
        assert workers.transcribe(clip, "en").audio_s == 1.0
        assert len(workers._all) == 2


def test_a_long_file_tells_how_far_it_is(tmp_path: Path) -> None:
    engine = chosen(asr_whisper_model=str(model("tiny.en")))
    done: list[float] = []
    with WorkerPool(engine, 1, 600, 1024, 60) as workers:
        silence = write_wav(tmp_path / "a.wav", tone(300, level=0.0))
        assert workers.transcribe(silence, "en", done.append).text == ""
    assert len(done) == 2
    assert 60 < done[0] <= 240
    assert done[1] == 300


def test_a_hanging_worker_is_killed(tmp_path: Path) -> None:
    engine = chosen(asr_whisper_model=str(model("tiny.en")))
    with (
        WorkerPool(engine, 1, 60, 1024, 0.01) as workers,
        pytest.raises(WorkerDiedError, match="ended with code -9"),
    ):
        workers.transcribe(write_wav(tmp_path / "a.wav", tone(1)), "en")
