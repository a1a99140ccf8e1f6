"""Downloads speech models, on request only: runs use the models on disk."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from podrec_assets.errors import FetchFailedError, PermanentError, UnusableInputError

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


def pull(name: str, models: Path, download: Download) -> Path:
    """Downloads a model, unless it is there, and returns its folder.

    Args:
        name: a faster-whisper name (tiny, small, large-v3, ...) or a Vosk one
            (vosk-model-small-en-us-0.15).
        models: folder of all models.
        download: fetches an address into a file.

    Raises:
        PermanentError: no model has this name.
        FetchFailedError: the hub or server could not be reached.
    """
    # The name becomes a folder and a part of an address.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name) or ".." in name:
        raise PermanentError(
            f"{name[:100]!r} is not a model name: use letters, digits, dots and dashes only."
        )
    folder = models / (name if name.startswith("vosk-model-") else f"whisper-{name}")
    if folder.is_dir():
        return folder
    models.mkdir(parents=True, exist_ok=True)
    # The leading dot hides an incomplete model from `models_on_disk`.
    draft = models / f".{folder.name}"
    if name.startswith("vosk-model-"):
        _pull_vosk(name, draft, download)
    else:
        _pull_whisper(name, draft)
    draft.rename(folder)
    return folder


def _pull_whisper(name: str, draft: Path) -> None:
    known = whisper_repositories()
    if name not in known:
        raise PermanentError(
            f"No model is named {name!r}; known: {', '.join(known)}, "
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
