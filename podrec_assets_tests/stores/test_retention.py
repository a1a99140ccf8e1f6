"""Pruning on a real MongoDB."""

from datetime import date, timedelta

import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.schemas import ALS_TOP_N, COLLECTIONS, LISTS, SIMILARITIES
from podrec_assets.stores.mongo import MongoStore, publishing, retention
from podrec_assets_tests.stores.version_sets import PASSED, UNUSUAL, write_version_set

pytestmark = pytest.mark.services
D1 = date(2026, 11, 1)
AT_ONCE = timedelta(0)


def day(n: int) -> date:
    return D1 + timedelta(days=n - 1)


def kept(store: MongoStore, collection: str = LISTS) -> list[str]:
    return sorted(v.version.removeprefix("2026-11-") for v in store.versions(collection))


def test_days_are_kept_whatever_the_number_of_their_versions(store: MongoStore) -> None:
    """A day with many versions does not push another day out."""
    for n in range(1, 5):
        write_version_set(store, day(n), "one", PASSED)
    for run in "abcdef":
        write_version_set(store, day(4), run, PASSED)
    retention.prune(store, keep_days=3, grace=AT_ONCE)
    for name in COLLECTIONS:
        assert kept(store, name) == ["02.one", "03.one", "04.f"]
    assert store.keys(LISTS, "2026-11-01.one") == []
    assert store.keys(LISTS, "2026-11-04.a") == []


def test_current_and_previous_publication_stay_whatever_their_day(store: MongoStore) -> None:
    for n in (1, 2):
        write_version_set(store, day(n), "one", PASSED)
        publishing.advance(store, day(n), publishing.publishable(store, day(n)))
    for n in range(3, 7):
        write_version_set(store, day(n), "one", PASSED)
    retention.prune(store, keep_days=1, grace=AT_ONCE)
    assert kept(store) == ["01.one", "02.one", "06.one"]
    assert [d["user_id"] for d in store.documents(LISTS, "2026-11-01.one")] == ["", "ann", "bob"]


def test_a_kept_day_keeps_its_newest_and_its_publishable_lists_with_their_models(
    store: MongoStore,
) -> None:
    write_version_set(store, D1, "old", PASSED)
    write_version_set(store, D1, "good", PASSED)
    write_version_set(store, D1, "refused", UNUSUAL)
    retention.prune(store, keep_days=1, grace=AT_ONCE)
    assert kept(store) == ["01.good", "01.refused"]
    assert kept(store, ALS_TOP_N) == ["01.good", "01.refused"]
    assert publishing.publishable(store, D1)[SIMILARITIES] == "2026-11-01.good"


def test_versions_written_or_served_within_the_grace_stay(store: MongoStore) -> None:
    for n in range(1, 5):
        write_version_set(store, day(n), "one", PASSED)
        publishing.advance(store, day(n), publishing.publishable(store, day(n)))
    assert retention.prune(store, keep_days=1) == []
    assert kept(store) == ["01.one", "02.one", "03.one", "04.one"]
    removed = retention.prune(store, keep_days=1, grace=AT_ONCE)
    assert removed == sorted(f"{name}:2026-11-0{n}.one" for name in COLLECTIONS for n in (1, 2))


def test_a_version_published_during_pruning_stays(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback to an old day comes between reading the pointer and the removal."""
    for n in range(1, 5):
        write_version_set(store, day(n), "one", PASSED)
    publishing.advance(store, day(4), publishing.publishable(store, day(4)))
    pointed_to = retention._pointed_to
    old = publishing.publishable(store, day(1))

    def read_then_roll_back(store: MongoStore) -> set[str]:
        ids = pointed_to(store)
        publishing.publish(store, day(1), old, store.publication())
        return ids

    entries = store.db["versions"]
    assert entries.count_documents({"day": "2026-11-01"}) == 3
    monkeypatch.setattr(retention, "_pointed_to", read_then_roll_back)
    retention.prune(store, keep_days=1, grace=AT_ONCE)
    assert store.publication() is not None
    assert [d["user_id"] for d in store.documents(LISTS, old[LISTS])] == ["", "ann", "bob"]
    assert kept(store) == ["01.one", "04.one"]


def test_a_pruned_version_cannot_be_published(store: MongoStore) -> None:
    write_version_set(store, day(1), "one", PASSED)
    old = publishing.publishable(store, day(1))
    write_version_set(store, day(2), "one", PASSED)
    retention.prune(store, keep_days=1, grace=AT_ONCE)
    with pytest.raises(PermanentError, match="is not complete, so it is not published"):
        publishing.publish(store, day(1), old, store.publication())
    assert store.publication() is None


def test_leftovers_of_a_killed_write_are_removed_after_the_grace(store: MongoStore) -> None:
    documents = [
        {"user_id": f"u{n}", "items": [{"rank": n if n < 600 else 2**70}]} for n in range(601)
    ]
    with pytest.raises(OverflowError):
        store.write_version(LISTS, D1, "killed", documents)
    assert len(store.keys(LISTS, "2026-11-01.killed")) == 500
    retention.prune(store, keep_days=5)
    assert len(store.keys(LISTS, "2026-11-01.killed")) == 500
    retention.prune(store, keep_days=5, grace=AT_ONCE)
    assert store.keys(LISTS, "2026-11-01.killed") == []
