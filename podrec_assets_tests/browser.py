"""Opens a page that a command serves in a real browser."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright

from podrec_assets.services import process
from podrec_assets.services.ports import answers

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@contextmanager
def browsing(command: list[str], port: int, log: Path, viewport: ViewportSize) -> Iterator[Page]:
    """Runs the command and yields a page of a browser; skips the test without a browser."""
    if CHROMIUM is None:
        pytest.skip("this machine has no Chromium: apt-get install chromium")
    with (
        log.open("w") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=dict(os.environ)) as served,
    ):
        try:
            assert process.wait_for(lambda: answers(port), 60)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox"]
                )
                yield browser.new_page(viewport=viewport)
                browser.close()
        finally:
            served.terminate()
            served.wait(20)
