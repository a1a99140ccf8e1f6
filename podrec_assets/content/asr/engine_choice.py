"""Which engine and model transcribe: by settings and by what is on disk. Loads nothing and
downloads nothing.
"""

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from podrec_assets.content.asr.contract import PRECISIONS, AsrEngine, Device, Recognizer
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

AsrDevice = Literal["auto", "cpu", "cuda"]
WHISPER_FILE, VOSK_FILES = "model.bin", ("am/final.mdl", "final.mdl")
HEAD_BYTES = 65_536
_VOSK_LANGUAGE = re.compile(r"vosk-model(?:-small|-spk)?-([a-z]{2,3})(?:-|$)")


@dataclass(frozen=True)
class Model:
    """A model folder on disk.

    Attributes:
        engine: what loads it.
        name: its folder's name.
        folder: where it is.
        byte_count: size of its files.
    """

    engine: Literal["faster-whisper", "vosk"]
    name: str
    folder: Path
    byte_count: int


def model_folder(settings: Settings) -> Path:
    """Where `podrec models pull` puts models: one folder each."""
    return settings.cache / "models"


def models_on_disk(settings: Settings) -> list[Model]:
    """Whole models under the cache and where settings point, by engine and size, the largest first."""
    folders = [
        f for f in model_folder(settings).glob("*") if f.is_dir() and not f.name.startswith(".")
    ]
    folders += [
        Path(f)
        for f in (settings.asr_whisper_model, settings.asr_vosk_model)
        if f and Path(f).is_dir()
    ]
    found = {f.resolve(): model for f in folders if (model := _model(f))}
    return sorted(found.values(), key=lambda m: (m.engine, -m.byte_count, m.name))


def choose_engine(settings: Settings) -> AsrEngine | None:
    """The engine of these settings; None where ASR is switched off.

    PODREC_ASR_ENGINE forces one. Otherwise faster-whisper if a model of it is on disk, else Vosk if
    PODREC_ASR_VOSK_MODEL or the cache has one, else pocketsphinx.

    Raises:
        SetupError: the forced engine, or a model that a setting names, is not there.
    """
    wanted = settings.asr_engine
    if wanted == "none":
        return None
    if wanted == "pocketsphinx":
        return _pocketsphinx()
    for engine, named in (
        ("faster-whisper", settings.asr_whisper_model),
        ("vosk", settings.asr_vosk_model),
    ):
        if wanted in ("auto", engine) and (model := _chosen(settings, engine, named)):
            return (
                _whisper(model, resolve_device(settings.asr_device), _threads(settings))
                if engine == "faster-whisper"
                else _vosk(model)
            )
    if wanted != "auto":
        raise SetupError(
            f"PODREC_ASR_ENGINE={wanted}, but no model of it is on disk: `podrec models list`, `podrec models pull NAME`."
        )
    return _pocketsphinx()


def load_recognizer(engine: AsrEngine) -> Recognizer:
    """The engine with its model in memory. Raises SetupError where the model is missing or damaged."""
    match engine.name:
        case "faster-whisper":
            from podrec_assets.content.asr.whisper import WhisperRecognizer

            return WhisperRecognizer(engine)
        case "vosk":
            from podrec_assets.content.asr.vosk import VoskRecognizer

            return VoskRecognizer(engine)
        case "pocketsphinx":
            from podrec_assets.content.asr.pocketsphinx import PocketsphinxRecognizer

            return PocketsphinxRecognizer(engine)


def resolve_device(wanted: AsrDevice) -> Device:
    """Where ASR computes: as set, else on an NVIDIA GPU that this machine shows. Its driver is
    asked only when a model loads.
    """
    if wanted != "auto":
        return wanted
    return "cuda" if any(Path("/dev").glob("nvidia[0-9]*")) else "cpu"


def on_this_machine(engine: AsrEngine, wanted: AsrDevice, threads: int) -> AsrEngine:
    """An engine that another machine chose, as this one runs it: on its own device, which the
    version says.

    Raises:
        SetupError: the engine's library or model is another one here, or is missing.
    """
    folder = Path(engine.model)
    if engine.model and not _model(folder):
        raise SetupError(
            f"{platform.node()} has no model in {folder}: each Spark worker needs it there."
        )

    def made(place: Device) -> AsrEngine:
        match engine.name:
            case "faster-whisper":
                return _whisper(folder, place, threads)
            case "vosk":
                return _vosk(folder)
            case "pocketsphinx":
                return _pocketsphinx()

    found = made(engine.device)
    if found.version != engine.version:
        raise SetupError(
            f"{platform.node()} would transcribe with {found.version}, the run does with {engine.version}."
        )
    return made(resolve_device(wanted))


def fingerprint(folder: Path) -> str:
    """8 hex digits that change with any file's name, size or beginning; a model of gigabytes is not
    read whole.
    """
    digest = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        with file.open("rb") as content:
            digest.update(
                f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode()
                + content.read(HEAD_BYTES)
            )
    return digest.hexdigest()[:8]


def _model(folder: Path) -> Model | None:
    whisper = (folder / WHISPER_FILE).is_file()
    if not whisper and not any((folder / f).is_file() for f in VOSK_FILES):
        return None
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    return Model("faster-whisper" if whisper else "vosk", folder.name, folder, size)


def _chosen(settings: Settings, engine: str, named: str) -> Path | None:
    """The model that a setting names by folder or by name in the cache; without one, the largest
    that is on disk.
    """
    if not named:
        return next((m.folder for m in models_on_disk(settings) if m.engine == engine), None)
    for folder in (Path(named).expanduser(), model_folder(settings) / named):
        if (model := _model(folder)) and model.engine == engine:
            return folder
    raise SetupError(
        f"{named!r} is no {engine} model on disk; `podrec models list` shows what is there."
    )


def _whisper(folder: Path, place: Device, threads: int) -> AsrEngine:
    english = folder.name.endswith(".en")
    name = f"faster-whisper/{version('faster-whisper')}/{folder.name}@{fingerprint(folder)}"
    return AsrEngine(
        "faster-whisper",
        str(folder.absolute()),
        f"{name}/{PRECISIONS[place]}",
        ("en",) if english else None,
        False,
        place,
        threads,
    )


def _vosk(folder: Path) -> AsrEngine:
    found = _VOSK_LANGUAGE.match(folder.name)
    spoken = (
        ({"cn": "zh", "ua": "uk", "kz": "kk", "br": "br"}.get(found[1], found[1]),)
        if found
        else None
    )
    return AsrEngine(
        "vosk",
        str(folder.absolute()),
        f"vosk/{version('vosk')}/{folder.name}@{fingerprint(folder)}",
        spoken,
        False,
    )


def _pocketsphinx() -> AsrEngine:
    return AsrEngine(
        "pocketsphinx", "", f"pocketsphinx/{version('pocketsphinx')}/en-us", ("en",), True
    )


def _threads(settings: Settings) -> int:
    return settings.asr_threads or max(1, (os.cpu_count() or 1) // settings.asr_workers)
