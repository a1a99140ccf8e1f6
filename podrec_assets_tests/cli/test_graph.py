"""The page of the graph says what the definitions say."""

from pathlib import Path

from podrec_assets.cli.graph import graph_page
from podrec_assets.definitions import build_defs
from podrec_assets.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "graph.md"


def test_the_page_in_the_docs_is_the_one_that_the_definitions_give(settings: Settings) -> None:
    assert PAGE.read_text() == graph_page(build_defs(settings)), (
        "run `podrec graph > docs/graph.md`"
    )


def test_an_edge_and_a_description_are_in_the_page(settings: Settings) -> None:
    page = graph_page(build_defs(settings))
    assert "  user_events --> user_vs_episode_daily\n" in page
    assert "| `user_events_topic` | listening | kafka | Kafka topic `user-events`. |" in page
