"""Fixtures of the tests on feeds: an empty home, a topic named after the test, and a web server."""

from datetime import UTC, datetime

import pytest

from podrec_assets.content.feeds.episode_message import decode
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets_tests.topics import topic_of


@pytest.fixture
def feeds_podrec(
    settings: Settings,
    server: tuple[str, dict],
    kafka_bootstrap: str,
    request: pytest.FixtureRequest,
) -> Connections:
    """Returns connections that may fetch from `server`."""
    topic = topic_of(request)
    changed = {
        "kafka_bootstrap": kafka_bootstrap,
        "episodes_topic": topic,
        "fetch_allow": server[0],
        "fetch_timeout_s": 3.0,
    }
    return Connections(settings.model_copy(update=changed), {}, lambda: datetime.now(UTC))


def announced_titles(connections: Connections) -> list[str]:
    """Returns the title of each record on the topic, in order."""
    topic = connections.settings.episodes_topic
    ends = {p: (0, end) for p, end in connections.kafka.end_offsets(topic).items()}
    return [
        decode(r.value)["title"] for batch in connections.kafka.read(topic, ends) for r in batch
    ]
