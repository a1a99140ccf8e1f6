"""Readers see whole lists while another process publishes, rolls back and prunes."""

import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podrec_assets.errors import RetryableError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, LISTS
from podrec_assets.serving.reader import consistently, listeners, recommendations
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Publication
from podrec_assets_tests.serving.publish_loop import (
    FIRST,
    LENGTH,
    LISTENERS,
    PUBLICATIONS,
    ROLLBACK_EVERY,
    publish,
)

pytestmark = pytest.mark.services
READERS = 8


@pytest.fixture
def connect(tmp_path: Path, mongo_uri: str) -> Callable[[], Connections]:
    """Returns a function that opens new connections to a database with one published day."""
    name = f"readers_{uuid.uuid4().hex[:8]}"
    settings = Settings(home=tmp_path, mongo_uri=mongo_uri, mongo_database=name)  # type: ignore[arg-type]
    publish(Connections(settings, {}).mongo, FIRST)
    return lambda: Connections(settings, {})


def read_once(connections: Connections, turn: int) -> Iterator[str]:
    """Yields the faults of one read of two lists, a version set and the listeners."""
    user = LISTENERS[1 + turn % (len(LISTENERS) - 1)]
    for name, is_known in ((user, True), ("unknown", False)):
        document = recommendations(connections, name, 10)
        if document["known"] != is_known:
            yield "missing"
        if len(document["items"]) != LENGTH:
            yield "empty"
        if {i["episode_id"] for i in document["items"]} - {document["day"]}:
            yield "mixed"

    def version_set(current: Publication) -> list[dict | None]:
        return [
            connections.mongo.document(name, current.versions[name], user) for name in COLLECTIONS
        ]

    current, documents = consistently(connections, version_set, all)
    if not all(documents):
        yield "missing"
    if {i["episode_id"] for d in documents if d for i in d["items"]} != {str(current.day)}:
        yield "mixed"
    if listeners(connections) != sorted(LISTENERS[1:]):
        yield "missing"


def test_eight_readers_see_no_mixed_empty_or_missing_list(
    connect: Callable[[], Connections],
) -> None:
    seen: Counter[str] = Counter()
    moves: set[int] = set()
    done = threading.Event()

    def loop(number: int) -> None:
        own, turn = connect(), number
        while not done.is_set():
            try:
                seen.update(read_once(own, turn))
                seen["reads"] += 1
                moves.add(own.mongo.publication().v)  # type: ignore[union-attr]
            except Exception as err:
                seen[f"{type(err).__name__}: {err}"] += 1
            turn += 1

    threads = [threading.Thread(target=loop, args=(n,)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    store = connect().mongo
    arguments = [store.uri, store.database]
    published = subprocess.run(
        [sys.executable, "-m", "podrec_assets_tests.serving.publish_loop", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=240,
    )
    done.set()
    for thread in threads:
        thread.join()
    assert published.returncode == 0, published.stderr
    assert store.publication().v == PUBLICATIONS + PUBLICATIONS // ROLLBACK_EVERY  # type: ignore[union-attr]
    assert dict(seen) == {"reads": seen["reads"]}
    assert seen["reads"] > READERS
    assert len(moves) > 10


def test_a_reader_whose_version_is_pruned_between_its_reads_gets_the_new_one(
    connect: Callable[[], Connections],
) -> None:
    """The documents are deleted right after the reader has read the pointer."""
    connections = connect()
    mongo, read_pointer = connections.mongo, connections.mongo.publication
    moved: list[int] = []

    def read_pointer_then_move() -> Publication | None:
        pointer = read_pointer()
        if not moved:
            moved.append(1)
            publish(mongo, FIRST.replace(day=2))
            query = {"version": pointer.versions[LISTS]}  # type: ignore[union-attr]
            ids = [d["_id"] for d in mongo.db[LISTS].find(query, {"_id": 1})]
            mongo.db[LISTS].delete_many({"_id": {"$in": ids[1:]}})
        return pointer

    mongo.publication = read_pointer_then_move  # type: ignore[method-assign]
    document = recommendations(connections, "u7", 5)
    assert (document["known"], document["day"], len(document["items"])) == (
        True,
        "2026-01-02",
        LENGTH,
    )


def test_a_publication_that_keeps_moving_is_an_error_and_not_an_empty_list(
    connect: Callable[[], Connections],
) -> None:
    connections = connect()
    numbers = iter(range(1000))
    first = connections.mongo.publication()
    assert first

    def moving_pointer() -> Publication:
        return Publication(first.day, {LISTS: "gone"}, next(numbers), {})

    connections.mongo.publication = moving_pointer  # type: ignore[method-assign]
    with pytest.raises(RetryableError, match="moved during every attempt"):
        recommendations(connections, "u1", 5)
