"""In a real browser, text from a feed never becomes a link, an image or markup."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from podrec_assets.cli.dashboard import dashboard_command
from podrec_assets.markdown_escape import JOINER
from podrec_assets.services.ports import free_port
from podrec_assets.visible_text import visible
from podrec_assets_tests.browser import browsing
from podrec_assets_tests.dashboard import escaping_page

ACTIVE = (
    "a, img, em, strong, del, li, hr, table, .katex, pre, "
    "[data-testid=stIconMaterial]:not(summary *)"
)


def shown_texts(page: Page, number: int) -> set[str]:
    """Returns the distinct texts of a container, without invisible characters."""
    texts = page.locator(f".st-key-of-{number}").locator("h1, h3, p").all_inner_texts()
    return {text.replace(JOINER, "") for text in texts}


@pytest.mark.services
def test_text_from_a_feed_is_shown_verbatim_and_has_no_effect(tmp_path: Path) -> None:
    port = free_port()
    command = [
        str(Path(escaping_page.__file__)) if part.endswith("app.py") else part
        for part in dashboard_command(port)
    ]
    with browsing(
        command, port, tmp_path / "page.log", ViewportSize(width=1400, height=1000)
    ) as page:
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.get_by_text("all is shown")).to_be_visible(timeout=60_000)
        for number, text in enumerate(escaping_page.HOSTILE):
            active = (
                page.locator(f".st-key-of-{number}")
                .locator(ACTIVE)
                .evaluate_all("all => all.map(e => e.outerHTML)")
            )
            assert active == [], text
            # Text between two single backticks is shown as code, without the backticks.
            expected = visible(text.replace("` y `", "y"))
            assert shown_texts(page, number) == {expected, f"1. {expected}", f"Of {expected}"}
