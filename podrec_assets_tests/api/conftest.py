"""The API on a planted publication, served by uvicorn on a real socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

import httpx
import pytest
import uvicorn

from podrec_assets.api.server import server_config
from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import process
from podrec_assets.services.ports import LOOPBACK
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import publishing

DAY = date(2026, 11, 14)
LISTED = (
    "rank",
    "episode_id",
    "show_title",
    "title",
    "score",
    "als",
    "cosine",
    "sources",
    "reason",
)


def item(rank: int, episode: str) -> dict:
    return dict(
        zip(
            LISTED,
            (rank, episode, "Show", f"Title {episode}", 1 / rank, 1.0, 0.5, ["als"], "Because."),
            strict=True,
        )
    )


def neighbour(rank: int, episode: str) -> dict:
    passage = {"here_s": 1.0, "there_s": None, "here_text": "here", "there_text": "there"}
    return {
        "rank": rank,
        "episode_id": episode,
        "score": 0.6,
        "cosine": 0.6,
        "lexical": 0.1,
        **passage,
    }


@pytest.fixture(scope="module")
def served(service_settings: Settings) -> Connections:
    """Returns connections to a separate database with lists for "ann/2" and newcomers."""
    settings = service_settings.model_copy(
        update={"mongo_database": "api", "events_topic": "api-events"}
    )
    connections = Connections(settings, {})
    connections.kafka.ensure_topic(settings.events_topic, 1)
    lists = [
        {"user_id": "", "items": [item(1, "e9")]},
        {"user_id": "ann/2", "items": [item(1, "e1"), item(2, "e2")]},
    ]
    similar = [{"episode_id": "e1", "items": [neighbour(1, "e2")]}]
    documents = {"als_top_n": lists[1:], "similarities": similar, "final_recommendations": lists}
    versions = {
        n: connections.mongo.write_version(n, DAY, "run-1", docs).version
        for n, docs in documents.items()
    }
    publishing.publish(connections.mongo, DAY, versions, None)
    return connections


@contextmanager
def running(connections: Connections) -> Iterator[str]:
    """Serves the API in a thread; yields its address."""
    config = server_config(connections, host=LOOPBACK, port=0)
    listening = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        assert process.wait_for(lambda: server.started, 20)
        yield f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@pytest.fixture(scope="module")
def client(served: Connections) -> Iterator[httpx.Client]:
    """Returns a client of an API without a token."""
    with running(served) as base, httpx.Client(base_url=base, timeout=30) as client:
        yield client


@pytest.fixture
def client_of(served: Connections) -> Iterator[Callable[..., httpx.Client]]:
    """Returns a function that starts an API with changed settings and returns a client."""
    with ExitStack() as stack:

        def start(**changes: object) -> httpx.Client:
            changed = Connections(served.settings.model_copy(update=changes), {})
            base = stack.enter_context(running(changed))
            return stack.enter_context(httpx.Client(base_url=base, timeout=30))

        yield start
