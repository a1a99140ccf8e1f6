"""A Spark session says nothing of its own on a terminal."""

import os
import subprocess
import sys

import pytest

from podrec_assets.settings import Settings

START = """
from podrec_assets.services import jars, java
from podrec_assets.settings import Settings
from podrec_assets.stores.spark.session import get_session
settings = Settings.load()
folder = jars.ensure_jars(settings, "spark")
print(get_session(settings, java.java_home(settings), folder, "quiet").range(3).count())
"""


@pytest.mark.services
def test_the_start_of_a_session_prints_nothing(settings: Settings) -> None:
    """Spark printed "Setting default log level" into the output of every command."""
    done = subprocess.run(
        [sys.executable, "-c", START],
        env=os.environ | {"PODREC_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
