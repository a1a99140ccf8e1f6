"""The generated pages of docs/ are up to date with the code that they describe."""

from pathlib import Path

import pytest

from podrec_assets.cli.graph import graph_page
from podrec_assets.cli.reference_pages import commands_page, main, pages, settings_page
from podrec_assets.definitions import build_defs
from podrec_assets.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return pages(Settings())


@pytest.mark.parametrize("page", ["graph.md", "reference/cli.md", "reference/settings.md"])
def test_a_generated_page_is_up_to_date(generated: dict[str, str], page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == generated[page], "run `make docs`"


def test_the_graph_has_an_edge_and_a_description(settings: Settings) -> None:
    page = graph_page(build_defs(settings))
    assert "  user_events --> user_vs_episode_daily\n" in page
    assert "| `user_events_topic` | listening | kafka | Kafka topic `user-events`. |" in page


def test_the_commands_have_help_options_and_examples() -> None:
    page = commands_page()
    assert "## Recommendations\n\n### podrec recommend\n" in page
    assert "### podrec sources add\n" in page
    assert "\n```sh\npodrec recommend listener-0042 --k 5\n```\n" in page
    assert "| `--split <random\\|per-user-temporal\\|global-temporal\\|leave-one-out>` |" in page


def test_the_settings_have_default_range_mark_and_meaning() -> None:
    page = settings_page()
    assert "\n## Kafka\n" in page
    assert "| `PODREC_ENGINE` | `spark` | `spark`, `local` | results | Engine of " in page
    assert "| `PODREC_ALS_RANK` | `32` | 1 to 512 | results | Most latent factors" in page
    assert "| `PODREC_MONGO_URI` |  | secret | place | mongodb:// address" in page


def test_all_pages_are_written_into_the_folder(tmp_path: Path) -> None:
    main(str(tmp_path))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.md")) == [
        "graph.md",
        "reference/cli.md",
        "reference/settings.md",
    ]
