"""Versions and the pointer on a real MongoDB: complete or absent, moved by compare-and-set."""

import socket
import time
from datetime import date

import pytest

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.schemas import ALS_TOP_N, LISTS, SIMILARITIES
from podrec_assets.stores.mongo import MongoStore, Publication, checksum, publishing

pytestmark = pytest.mark.services
D1, D2, D3 = (date(2026, 11, n) for n in (1, 2, 3))


def docs(*users: str, episode: str = "e1") -> list[dict]:
    return [
        {"user_id": u, "items": [{"rank": 1, "episode_id": episode, "score": 0.5}]} for u in users
    ]


@pytest.mark.slow
def test_a_version_larger_than_one_answer_of_the_server_is_read_back(store: MongoStore) -> None:
    reason = "because you played it " * 4000
    given = [d | {"reason": reason} for d in docs(*(f"u{n:03}" for n in range(600)))]
    version = store.write_version(ALS_TOP_N, D1, "r", given)
    assert store.documents(ALS_TOP_N, version.version) == given
    assert len(store.documents_of(ALS_TOP_N, version.version, ["u000", "u599", "u600"])) == 2


def served(
    store: MongoStore, day: date, run: str, current: Publication | None = None
) -> Publication:
    """Publishes a new version of the day and returns the pointer."""
    version = store.write_version(ALS_TOP_N, day, run, docs("ann", episode=run))
    return publishing.publish(store, day, {ALS_TOP_N: version.version}, current)


def test_documents_round_trip_in_key_order(store: MongoStore) -> None:
    given = docs("zoe", "", "ann", "$where", "a.b")
    version = store.write_version(
        ALS_TOP_N, D1, "run-one-of-many", given, {"run_id": "run-one-of-many"}
    )
    assert (version.version, version.count, version.manifest) == (
        "2026-11-01.run-one-",
        5,
        {"run_id": "run-one-of-many"},
    )
    assert store.documents(ALS_TOP_N, version.version) == sorted(given, key=lambda d: d["user_id"])
    assert store.keys(ALS_TOP_N, version.version) == ["", "$where", "a.b", "ann", "zoe"]
    assert store.document(ALS_TOP_N, version.version, "") == given[1]
    assert store.version(ALS_TOP_N, version.version) == store.latest_version(ALS_TOP_N) == version


def test_several_batches_of_documents_are_written_completely(store: MongoStore) -> None:
    version = store.write_version(ALS_TOP_N, D1, "r", docs(*(f"u{n:04}" for n in range(1201))))
    assert len(store.keys(ALS_TOP_N, version.version)) == version.count == 1201


UNSTORABLE = {"user_id": "zoe", "items": [{"rank": 2**70}]}
"""Too large a number for Mongo: the write fails here, after earlier batches."""


def test_an_unfinished_version_is_invisible(store: MongoStore) -> None:
    with pytest.raises(OverflowError):
        store.write_version(
            ALS_TOP_N, D1, "r", [*docs(*(f"u{n:04}" for n in range(500))), UNSTORABLE]
        )
    assert len(store.keys(ALS_TOP_N, "2026-11-01.r")) == 500
    assert store.version(ALS_TOP_N, "2026-11-01.r") is None
    assert store.latest_version(ALS_TOP_N) is None
    assert store.days(ALS_TOP_N) == []
    with pytest.raises(PermanentError, match="not complete"):
        publishing.publish(store, D1, {ALS_TOP_N: "2026-11-01.r"}, None)


def test_a_repeated_run_replaces_leftovers_of_an_interrupted_write(store: MongoStore) -> None:
    with pytest.raises(OverflowError):
        store.write_version(
            ALS_TOP_N, D1, "r", [*docs(*(f"u{n:04}" for n in range(500))), UNSTORABLE]
        )
    version = store.write_version(ALS_TOP_N, D1, "r", docs("u0001", "bob", episode="e2"))
    assert version.version == "2026-11-01.r"
    assert store.documents(ALS_TOP_N, version.version) == docs("bob", "u0001", episode="e2")


def test_a_write_that_does_not_read_back_completely_is_not_listed(store: MongoStore) -> None:
    with pytest.raises(
        RetryableError, match=r"als_top_n 2026-11-01\.r does not hold what was written to it"
    ):
        store.write_version(ALS_TOP_N, D1, "r", docs("ann", "ann"))
    assert store.latest_version(ALS_TOP_N) is None


def test_the_same_content_in_any_order_keeps_its_version(store: MongoStore) -> None:
    first = store.write_version(ALS_TOP_N, D1, "one", docs("ann", "bob"))
    assert store.write_version(ALS_TOP_N, D1, "two", docs("bob", "ann")) == first
    other_day = store.write_version(ALS_TOP_N, D2, "two", docs("ann", "bob"))
    assert other_day.version == "2026-11-02.two"
    assert other_day.checksum == first.checksum


def test_new_content_is_a_new_version_and_the_old_one_stays_readable(store: MongoStore) -> None:
    first = store.write_version(ALS_TOP_N, D1, "one", docs("ann"))
    second = store.write_version(ALS_TOP_N, D1, "two", docs("ann", episode="e2"))
    assert store.latest_version(ALS_TOP_N, D1) == second
    assert store.documents(ALS_TOP_N, first.version) == docs("ann")


def test_new_content_of_the_same_run_does_not_change_the_listed_version(store: MongoStore) -> None:
    first = store.write_version(ALS_TOP_N, D1, "one", docs("ann", "bob"))
    second = store.write_version(ALS_TOP_N, D1, "one", docs("ann", episode="e2"))
    assert second.version != first.version
    assert store.documents(ALS_TOP_N, first.version) == docs("ann", "bob")
    assert store.documents(ALS_TOP_N, second.version) == docs("ann", episode="e2")


def test_the_latest_version_is_of_the_newest_day_even_if_an_older_day_was_written_later(
    store: MongoStore,
) -> None:
    newest = store.write_version(ALS_TOP_N, D3, "a", docs("ann"))
    older = store.write_version(ALS_TOP_N, D1, "b", docs("ann", "bob"))
    assert store.latest_version(ALS_TOP_N) == newest
    assert store.latest_version(ALS_TOP_N, D1) == older
    assert store.latest_version(ALS_TOP_N, D2) is None
    assert store.days(ALS_TOP_N) == [D1, D3]
    assert store.days(SIMILARITIES) == []


def test_an_empty_version_is_a_version(store: MongoStore) -> None:
    version = store.write_version(SIMILARITIES, D1, "r", [])
    assert store.latest_version(SIMILARITIES) == version
    assert (version.count, store.documents(SIMILARITIES, version.version)) == (0, [])


@pytest.mark.parametrize(
    "key", [{"$ne": ""}, {"$gt": ""}, {"$regex": ".*"}, "$ne", ["ann"], None, "ANN", "ann\0"]
)
def test_a_key_that_is_no_listener_finds_nothing_even_if_it_looks_like_a_query(
    store: MongoStore, key: object
) -> None:
    version = store.write_version(ALS_TOP_N, D1, "r", docs("ann", "bob"))
    assert store.document(ALS_TOP_N, version.version, key) is None  # type: ignore[arg-type]


def test_the_pointer_counts_its_moves_and_records_what_was_served_before(
    store: MongoStore,
) -> None:
    assert store.publication() is None
    first = served(store, D1, "a")
    second = served(store, D2, "b", first)
    assert first == Publication(D1, {ALS_TOP_N: "2026-11-01.a"}, 1, {})
    assert second == Publication(D2, {ALS_TOP_N: "2026-11-02.b"}, 2, {ALS_TOP_N: "2026-11-01.a"})
    assert store.publication() == second


def test_publishing_what_is_served_does_not_move_the_pointer(store: MongoStore) -> None:
    first = served(store, D1, "a")
    assert publishing.publish(store, D1, dict(first.versions), first) == first
    assert store.publication() == first


def test_the_second_of_two_runs_that_read_the_same_pointer_fails(store: MongoStore) -> None:
    first = served(store, D1, "a")
    second = served(store, D2, "b", first)
    with pytest.raises(RetryableError, match="moved by another run"):
        served(store, D3, "c", first)
    with pytest.raises(RetryableError, match="made by another run"):
        served(store, D3, "d", None)
    assert store.publication() == second


def test_an_unknown_version_is_refused_and_the_pointer_stays(store: MongoStore) -> None:
    first = served(store, D1, "a")
    with pytest.raises(
        PermanentError, match=r"^Version 2026-11-09.x of similarities is not complete"
    ):
        publishing.publish(
            store, D2, {ALS_TOP_N: "2026-11-01.a", SIMILARITIES: "2026-11-09.x"}, first
        )
    assert store.publication() == first


def test_a_checksum_depends_on_keys_and_items_alone() -> None:
    given = docs("ann", "bob")
    stored = [
        {**d, "_id": n, "version": "v", "day": "2026-11-01"} for n, d in enumerate(reversed(given))
    ]
    assert checksum(given, "user_id") == checksum(stored, "user_id")
    assert checksum(given, "user_id") != checksum(docs("ann", "bob", episode="e2"), "user_id")
    assert checksum(given, "user_id") != checksum(docs("ann", "cat"), "user_id")


def test_a_server_that_is_down_is_reported_within_seconds() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = MongoStore(f"mongodb://127.0.0.1:{taken.getsockname()[1]}", "d")
        started = time.monotonic()
        with pytest.raises(RetryableError, match=r"does not answer: start it with `podrec up`"):
            nowhere.ping()
        nowhere.db.client.close()
    assert time.monotonic() - started < 8


def test_the_same_content_computed_from_other_models_is_a_new_version(store: MongoStore) -> None:
    first = store.write_version(LISTS, D1, "one", docs("ann"), {"models": {ALS_TOP_N: "x"}})
    assert store.write_version(LISTS, D1, "two", docs("ann"), {"models": {ALS_TOP_N: "x"}}) == first
    assert (
        store.write_version(LISTS, D1, "three", docs("ann"), {"models": {ALS_TOP_N: "y"}}).version
        == "2026-11-01.three"
    )
