"""Private Dagster API stays in one file, and the image without podrec can load the run launcher."""

import re
import subprocess
import sys
from pathlib import Path

import dagster as dg

from podrec_assets.defs import dagster_internals

TOP = Path(__file__).resolve().parents[2]
PRIVATE = re.compile(r"^\s*(?:from|import) dagster(?:_\w+)?(?:\.\w+)*\._", re.MULTILINE)


def test_only_dagster_internals_imports_private_modules() -> None:
    importing = {
        path.relative_to(TOP).as_posix()
        for package in ("podrec_assets", "podrec_assets_tests")
        for path in (TOP / package).rglob("*.py")
        if PRIVATE.search(path.read_text())
    }
    assert importing == {
        "podrec_assets/defs/dagster_internals.py",
        "podrec_assets_tests/defs/dagster_internals.py",
    }


def test_the_installed_dagster_is_the_one_that_was_checked() -> None:
    """If this fails after an upgrade, check each use, then name the new version in the file."""
    assert f"Checked with Dagster {dg.__version__}." in (dagster_internals.__doc__ or "")


def test_the_run_launcher_loads_from_the_files_in_its_image_alone(tmp_path: Path) -> None:
    dockerfile = (TOP / "docker" / "Dockerfile").read_text()
    copied = re.findall(r"podrec_assets/\S+\.py", dockerfile)
    assert "podrec_assets/defs/run_launcher.py" in copied
    for name in copied:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((TOP / name).read_text())
    code = "import podrec_assets.defs.run_launcher as m; print(m.__file__)"
    # -I ignores the checkout; the site directory still has Dagster.
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(tmp_path / "podrec_assets/defs/run_launcher.py"), done.stderr
