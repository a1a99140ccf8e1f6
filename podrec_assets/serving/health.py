"""Health of the external parts that serving needs: MongoDB, Kafka and the publication."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving import reader


def problems(connections: Connections) -> dict[str, str | None]:
    """Returns the problem of each part (mongo, kafka, publication), or None if it is healthy.

    The checks run in parallel, so the call takes as long as the slowest.
    """
    checks: dict[str, Callable[[], object]] = {
        # Lambdas, because opening a connection can fail too.
        "mongo": lambda: connections.mongo.ping(),  # noqa: PLW0108
        "kafka": lambda: connections.kafka.ping(),  # noqa: PLW0108
        "publication": lambda: reader.published(connections),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        return dict(zip(checks, pool.map(_problem, checks.values()), strict=True))


def _problem(check: Callable[[], object]) -> str | None:
    try:
        check()
    except PodrecError as err:
        return str(err)
    return None
