"""In a real browser no link, picture or markup comes of what a feed says, wherever the pages show
it.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from podrec_assets.cli.ui import dashboard_command
from podrec_assets.markdown_escape import JOINER
from podrec_assets.services.ports import free_port
from podrec_assets_tests.browser import browsing
from podrec_assets_tests.dashboard import inert_page

ACTIVE = "a, img, em, strong, del, li, hr, table, .katex, [data-testid=stIconMaterial]:not(summary *), pre"


def shown_texts(page: Page, number: int) -> set[str]:
    """The distinct texts that a container of the page shows, without what nobody sees."""
    found = page.locator(f".st-key-of-{number}").locator("h1, h3, p").all_inner_texts()
    return {text.replace(JOINER, "") for text in found}


@pytest.mark.services
def test_whatever_a_feed_says_is_shown_as_it_is_written_and_does_nothing(tmp_path: Path) -> None:
    port = free_port()
    command = [
        str(Path(inert_page.__file__)) if part.endswith("app.py") else part
        for part in dashboard_command(port)
    ]
    with browsing(
        command, port, tmp_path / "page.log", ViewportSize(width=1400, height=1000)
    ) as page:
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.get_by_text("all is shown")).to_be_visible(timeout=60_000)
        for number, text in enumerate(inert_page.HOSTILE):
            active = (
                page.locator(f".st-key-of-{number}")
                .locator(ACTIVE)
                .evaluate_all("all => all.map(e => e.outerHTML)")
            )
            assert active == [], text
            # What stands between two single backticks is shown as code, without them.
            said = text.replace("` y `", "y")
            assert shown_texts(page, number) == {said, f"1. {said}", f"Of {said}"}
