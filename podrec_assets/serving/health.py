"""Whether what podrec reads and writes from outside answers, each part in a sentence."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving import reader


def problems(connections: Connections) -> dict[str, str | None]:
    """By part (mongo, kafka, publication), what is wrong with it; None where it answers. Takes no
    longer than the slowest.
    """
    looks: dict[str, Callable[[], object]] = {
        "mongo": lambda: connections.mongo.ping(),
        "kafka": lambda: connections.kafka.ping(),
        "publication": lambda: reader.published(connections),
    }
    with ThreadPoolExecutor(len(looks)) as pool:
        return dict(zip(looks, pool.map(_problem, looks.values()), strict=True))


def _problem(look: Callable[[], object]) -> str | None:
    try:
        look()
    except PodrecError as err:
        return str(err)
    return None
