"""Which engine and model transcribe: by settings and by what is on disk.

Loads nothing and downloads nothing. To add an engine: a file with a `Backend`, a line in BACKENDS,
and its name among the choices of the setting `asr_engine`.
"""

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from podrec_assets.content.asr.contract import AsrEngine, Backend, Device, Recognizer
from podrec_assets.content.asr.model_catalogue import DEFAULT_MODEL
from podrec_assets.content.asr.model_origin import read_origin
from podrec_assets.content.asr.vosk import VoskBackend
from podrec_assets.content.asr.whisper import WhisperBackend
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

AsrDevice = Literal["auto", "cpu", "cuda"]
BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (WhisperBackend(), VoskBackend())
}
"""Engines by name; `auto` takes the first one with a model."""


@dataclass(frozen=True)
class Model:
    """A model folder on disk.

    Attributes:
        engine: name of the engine that loads it.
        name: of the folder.
        folder: its path.
        byte_count: size of its files.
        source: where `podrec models pull` got it; None for a folder of your own.
        licence: of the weights; None where unknown.
    """

    engine: str
    name: str
    folder: Path
    byte_count: int
    source: str | None
    licence: str | None


def model_folder(settings: Settings) -> Path:
    """Returns the folder of `podrec models pull`, with one folder a model."""
    return settings.cache / "models"


def models_on_disk(settings: Settings) -> list[Model]:
    """Returns the complete models in the cache and those that the settings name.

    They are ordered by engine, the largest first.
    """
    folders = [
        f for f in model_folder(settings).glob("*") if f.is_dir() and not f.name.startswith(".")
    ]
    named = (backend.model_setting(settings) for backend in BACKENDS.values())
    folders += [Path(name) for name in named if name and Path(name).is_dir()]
    models = {f.resolve(): model for f in folders if (model := _model(f))}
    return sorted(models.values(), key=lambda m: (m.engine, -m.byte_count, m.name))


def choose_engine(settings: Settings) -> AsrEngine | None:
    """Returns the engine of these settings; None where ASR is off or no model is on disk.

    PODREC_ASR_ENGINE forces an engine. Otherwise the first of BACKENDS with a model is used.

    Raises:
        SetupError: the forced engine has no model, or a model that a setting names is missing.
    """
    wanted = settings.asr_engine
    if wanted == "none":
        return None
    for backend in BACKENDS.values():
        if wanted in ("auto", backend.name) and (folder := _find_model(settings, backend)):
            device, threads = resolve_device(settings.asr_device), _threads(settings)
            return backend.describe(folder, device, threads)
    if wanted == "auto":
        return None
    raise SetupError(
        f"PODREC_ASR_ENGINE={wanted}, but no model of it is on disk: "
        "`podrec models list`, `podrec models pull NAME`."
    )


def why_no_engine(settings: Settings, engine: AsrEngine | None) -> str | None:
    """Returns why no audio is transcribed, and what to do; None with an engine."""
    if settings.asr_engine == "none":
        return "ASR is switched off"
    if engine is None:
        return f"no speech model is on disk: `podrec models pull {DEFAULT_MODEL}`"
    return None


def load_recognizer(engine: AsrEngine) -> Recognizer:
    """Returns the engine with its model in memory.

    Raises:
        SetupError: the model is missing or damaged.
    """
    return BACKENDS[engine.name].load(engine)


def resolve_device(wanted: AsrDevice) -> Device:
    """Returns the device for ASR: the one that is set, or cuda where the system shows a GPU.

    Only /dev is read; the driver is used first when a model loads.
    """
    if wanted != "auto":
        return wanted
    return "cuda" if any(Path("/dev").glob("nvidia[0-9]*")) else "cpu"


def on_this_machine(engine: AsrEngine, wanted: AsrDevice, threads: int) -> AsrEngine:
    """Returns an engine that another machine chose, as it runs here.

    Its device is this machine's, and the version says so.

    Raises:
        SetupError: the engine's library or model is missing here, or differs.
    """
    backend, folder = BACKENDS[engine.name], Path(engine.model)
    if not backend.is_model(folder):
        raise SetupError(
            f"{platform.node()} has no model in {folder}: each Spark worker needs it there."
        )
    same = backend.describe(folder, engine.device, threads)
    if same.version != engine.version:
        raise SetupError(
            f"{platform.node()} would transcribe with {same.version}, "
            f"but the run transcribes with {engine.version}."
        )
    return backend.describe(folder, resolve_device(wanted), threads)


def _model(folder: Path) -> Model | None:
    for backend in BACKENDS.values():
        if backend.is_model(folder):
            size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
            origin = read_origin(folder)
            return Model(backend.name, folder.name, folder, size, origin.source, origin.licence)
    return None


def _find_model(settings: Settings, backend: Backend) -> Path | None:
    """Returns the folder of the model that a setting names, or of the largest one on disk."""
    named = backend.model_setting(settings)
    if not named:
        models = (m.folder for m in models_on_disk(settings) if m.engine == backend.name)
        return next(models, None)
    # RuntimeError: the home of an unknown user; OSError: no file can have this name.
    with suppress(OSError, RuntimeError):
        for folder in (Path(named).expanduser(), model_folder(settings) / named):
            if (model := _model(folder)) and model.engine == backend.name:
                return folder
    raise SetupError(
        f"{named!r} is not a {backend.name} model on disk; `podrec models list` shows the models."
    )


def _threads(settings: Settings) -> int:
    return settings.asr_threads or max(1, (os.cpu_count() or 1) // settings.asr_workers)
