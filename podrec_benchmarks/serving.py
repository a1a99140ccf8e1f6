"""Speed of reading lists against a plain `find_one`, and of charts against pyarrow.

Run `make bench-serving`; services and lake are in a temporary folder.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import numpy as np
from pymongo import MongoClient
from pymongo.collection import Collection
from rich.console import Console
from rich.table import Table

from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import jars, mongo, process, supervisor
from podrec_assets.services.ports import LOOPBACK, answers, free_port
from podrec_assets.serving import analytics, reader
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import publishing
from podrec_benchmarks.analytics_lake import make
from podrec_benchmarks.arrow_questions import QUESTIONS

CLIENTS = (1, 8, 32)
LISTENERS, ITEMS = 5_000, 20
READS, WARM_UP = 4_000, 200
REPEATS = 5
Read = Callable[[str], object]


def publish_lists(connections: Connections, day: date) -> None:
    """Publishes LISTENERS lists of ITEMS episodes, of realistic length."""
    reason = "23 listeners who played “What a spadeful holds” as you did also played this. " * 2
    item = {
        "episode_id": "e0123456789abcde",
        "show_title": "A show",
        "title": "An episode of some title",
        "score": 0.5,
    }
    item |= {
        "als": 0.5,
        "cosine": 0.5,
        "sources": ["als", "content"],
        "reason": reason,
        "because": "e1",
        "show_id": "s1",
    }
    items = [{"rank": rank, **item} for rank in range(1, ITEMS + 1)]
    lists = [{"user_id": user, "items": items} for user in ("", *map(_listener, range(LISTENERS)))]
    others: dict[str, list[dict]] = {
        "als_top_n": lists[:1],
        "similarities": [{"episode_id": "e1", "items": []}],
    }
    documents: dict[str, list[dict]] = {"final_recommendations": lists, **others}
    versions = {
        name: connections.mongo.write_version(name, day, "bench", docs).version
        for name, docs in documents.items()
    }
    publishing.publish(connections.mongo, day, versions, connections.mongo.publication())


def _listener(number: int) -> str:
    return f"listener-{number:04}"


def latencies_ms(read: Callable[[], Read], clients: int) -> np.ndarray:
    """Returns the milliseconds of READS reads by concurrent clients; `read` opens a client."""

    def client(number: int) -> list[float]:
        one, taken = read(), []
        for n in range(number, READS + WARM_UP, clients):
            begun = time.perf_counter()
            one(_listener(n * 7919 % LISTENERS))
            taken.append((time.perf_counter() - begun) * 1000)
        return taken[WARM_UP // clients :]

    with ThreadPoolExecutor(clients) as pool:
        return np.concatenate(list(pool.map(client, range(clients))))


def measure_reads(connections: Connections, base: str, console: Console) -> None:
    """Prints p50 and p99 of each way to read a list, at each number of clients."""
    current = reader.published(connections)
    version = current.versions["final_recommendations"]
    uri, database = connections.mongo.uri, connections.settings.mongo_database
    bare: Collection = MongoClient(uri)[database]["final_recommendations"]
    ways: dict[str, Callable[[], Read]] = {
        "bare find_one": lambda: lambda user: bare.find_one({"_id": f"{version}:{user}"}),
        "reader (pointer, then list)": lambda: (
            lambda user: reader.recommendations(connections, user, ITEMS)
        ),
        "REST (loopback, own process)": lambda: _rest(base),
    }
    table = Table(
        "read of a list", "clients", "p50 ms", "p99 ms", "p50 of bare", "p99 of bare", box=None
    )
    for clients in CLIENTS:
        plain = None
        for name, read in ways.items():
            latencies = latencies_ms(read, clients)
            p50, p99 = np.percentile(latencies, 50), np.percentile(latencies, 99)
            plain = plain or (p50, p99)
            ratios = (f"{p50 / plain[0]:.2f}", f"{p99 / plain[1]:.2f}")
            table.add_row(name, str(clients), f"{p50:.2f}", f"{p99:.2f}", *ratios)
    console.print(table)


def _rest(base: str) -> Read:
    client = httpx.Client(base_url=base)

    def read(user: str) -> object:
        answer = client.get(f"/recommendations/{user}", params={"k": ITEMS})
        answer.raise_for_status()
        return answer.json()

    return read


@contextmanager
def _api(settings: Settings) -> Iterator[str]:
    """Runs the REST API in a separate process; yields its address."""
    port = free_port()
    limits = {"PODREC_API_REQUESTS_PER_S": "1000000", "PODREC_API_BURST": "1000000"}
    places = dict.fromkeys(
        ("PODREC_LAKE", "PODREC_MONGO_URI", "PODREC_KAFKA_BOOTSTRAP", "PODREC_API_TOKEN"), ""
    )
    places |= {"PODREC_HOME": str(settings.home), "PODREC_MONGO_DATABASE": settings.mongo_database}
    command = [
        sys.executable,
        "-c",
        "from podrec_assets.cli.main import main; main()",
        "api",
        "--port",
        str(port),
    ]
    served = subprocess.Popen(command, env=os.environ | places | limits, stdout=subprocess.DEVNULL)
    try:
        assert process.wait_for(lambda: answers(port), 60)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        served.send_signal(signal.SIGINT)
        served.wait(30)


def measure_questions(connections: Connections, days: list[date], console: Console) -> None:
    """Prints the median seconds of each query in DuckDB and pyarrow, on the same files.

    Raises:
        ValueError: the two results differ.
    """
    first, last = days[0], days[-1]
    table = Table("question", "DuckDB s", "its CPU s", "pyarrow s", "pyarrow / DuckDB", box=None)
    for name, (sql, column, parameters, by_arrow) in QUESTIONS.items():
        begun = time.process_time()
        answer, duck_s = _timed(
            lambda s=sql, p=parameters: analytics.ask(connections, s, first, last, **p)
        )
        cpu_s = (time.process_time() - begun) / REPEATS
        expected, arrow_s = _timed(lambda f=by_arrow: f(connections.lake, first, last))
        total = sum(answer[column].to_pylist())
        if total != expected:
            raise ValueError(f"{name}: DuckDB says {total} {column}, pyarrow {expected}.")
        table.add_row(
            name, f"{duck_s:.3f}", f"{cpu_s:.3f}", f"{arrow_s:.3f}", f"{arrow_s / duck_s:.1f}"
        )
    console.print(table)


def _timed(ask: Callable) -> tuple:
    """Returns (answer, median seconds)."""
    taken, answer = [], None
    for _ in range(REPEATS):
        begun = time.perf_counter()
        answer = ask()
        taken.append(time.perf_counter() - begun)
    return answer, statistics.median(taken)


@contextmanager
def _mongo(settings: Settings) -> Iterator[None]:
    """Runs the embedded MongoDB-wire server."""
    jars.ensure_all(settings, lambda _: None)
    settings.home.mkdir(parents=True, exist_ok=True)
    running = mongo.start(
        settings,
        None,
        settings.home / "mongo.log",
        settings.home / "services" / "mongo.json",
        print,
    )
    try:
        yield
    finally:
        process.stop(running)
        supervisor.down(settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--events", type=int, default=10_000_000, help="events of the lake (default: %(default)s)"
    )
    events = parser.parse_args().events
    console, today = Console(highlight=False, soft_wrap=True), datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="podrec-bench-") as home:
        settings = Settings.load(
            home=Path(home), lake="", mongo_uri="", kafka_bootstrap="", engine="local"
        )
        connections = Connections(settings, {})
        with _mongo(settings):
            publish_lists(connections, today)
            console.print(f"{LISTENERS} lists of {ITEMS} episodes, {READS} reads each")
            with _api(settings) as base:
                measure_reads(connections, base, console)
        days = make(connections, events, today)
        rows = connections.lake.read("user_vs_episode_daily", columns=["day"]).num_rows
        console.print(
            f"{events} events on {len(days)} days, {rows} daily rows; median of {REPEATS}, all days"
        )
        measure_questions(connections, days, console)


if __name__ == "__main__":
    main()
