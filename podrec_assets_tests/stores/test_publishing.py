"""Publishing on a real MongoDB: only complete version sets that the gate allowed."""

import threading
from datetime import date, timedelta

import pytest

from podrec_assets.errors import GateError, MissingPartitionError
from podrec_assets.schemas import ALS_TOP_N, COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.stores.mongo import MongoStore, Verdict, publishing, retention
from podrec_assets_tests.stores.version_sets import FAULT, PASSED, UNUSUAL, write_version_set

pytestmark = pytest.mark.services
D1, D2, D3 = (date(2026, 11, n) for n in (1, 2, 3))


def test_a_day_is_publishable_only_with_every_collection(store: MongoStore) -> None:
    for name in reversed(COLLECTIONS):
        with pytest.raises(MissingPartitionError, match="2026-11-01 has no complete versions: "):
            publishing.publishable(store, D1)
        version = store.write_version(name, D1, "run", [{COLLECTION_KEYS[name]: "x", "items": []}])
        store.judge(name, version.version, Verdict(version.checksum, (PASSED,), "run"))
    assert publishing.publishable(store, D1) == dict.fromkeys(COLLECTIONS, "2026-11-01.run")


def test_lists_without_a_verdict_are_not_publishable(store: MongoStore) -> None:
    write_version_set(store, D1, "one")
    with pytest.raises(
        GateError,
        match=r"2026-11-01.one of final_recommendations has not been judged .* run `podrec run",
    ):
        publishing.publishable(store, D1)


def test_refused_lists_are_not_publishable_and_the_error_names_check_and_value(
    store: MongoStore,
) -> None:
    write_version_set(store, D1, "one", PASSED, UNUSUAL)
    with pytest.raises(
        GateError,
        match=r"refused version 2026-11-01.one .*: churn_is_bounded: 0.9; the bound is 0.8\.$",
    ):
        publishing.publishable(store, D1)


def test_earlier_lists_of_the_day_stay_publishable_with_their_own_models(
    store: MongoStore,
) -> None:
    write_version_set(store, D1, "one", PASSED)
    write_version_set(store, D1, "two", FAULT)
    assert publishing.publishable(store, D1) == dict.fromkeys(COLLECTIONS, "2026-11-01.one")


def test_models_without_lists_computed_from_them_are_not_published(store: MongoStore) -> None:
    write_version_set(store, D1, "one", PASSED)
    store.write_version(ALS_TOP_N, D1, "later", [])
    assert publishing.publishable(store, D1)[ALS_TOP_N] == "2026-11-01.one"


def test_a_verdict_on_other_documents_does_not_count(store: MongoStore) -> None:
    version = write_version_set(store, D1, "one")
    store.judge(LISTS, version.version, Verdict("of something else", (PASSED,), "run"))
    with pytest.raises(GateError, match="has not been judged"):
        publishing.publishable(store, D1)


def test_a_person_can_overrule_a_comparison_but_not_a_fault_or_a_missing_verdict(
    store: MongoStore,
) -> None:
    version = write_version_set(store, D1, "one", PASSED, UNUSUAL)
    refused = store.version(LISTS, version.version)
    assert refused
    publishing.overrule(store, refused)
    assert publishing.publishable(store, D1)[LISTS] == version.version
    noted = store.version(LISTS, version.version)
    assert noted
    assert noted.verdict
    assert noted.verdict.overruled_at
    assert not noted.verdict.passed
    for run, findings, why in (
        ("two", (UNUSUAL, FAULT), "is shown 1 heard"),
        ("three", (), "not been judged"),
    ):
        faulty = store.version(LISTS, write_version_set(store, D2, run, *findings).version)
        assert faulty
        with pytest.raises(GateError, match=f"{why}.*This cannot be overruled"):
            publishing.overrule(store, faulty)


def test_forgetting_a_listener_keeps_the_verdict_on_the_other_lists(store: MongoStore) -> None:
    version = write_version_set(store, D1, "one", PASSED)
    assert retention.forget(store, "ann") == 2
    version_left = store.version(LISTS, version.version)
    assert version_left
    assert (version_left.count, version_left.checksum == version.checksum) == (2, False)
    assert publishing.publishable(store, D1)[LISTS] == version.version


def test_an_older_day_replaces_a_newer_one_only_on_request(store: MongoStore) -> None:
    for day in (D1, D2):
        write_version_set(store, day, "one", PASSED)
    newer = publishing.advance(store, D2, publishing.publishable(store, D2))
    assert publishing.advance(store, D1, publishing.publishable(store, D1)) == newer
    assert publishing.publish(store, D1, publishing.publishable(store, D1), newer).day == D1
    assert publishing.advance(store, D2, publishing.publishable(store, D2)).day == D2


def test_the_newest_of_days_published_at_the_same_time_wins(
    store: MongoStore, mongo_uri: str
) -> None:
    days = [D1 + timedelta(days=n) for n in range(8)]
    version_sets_by_day = {}
    for day in days:
        write_version_set(store, day, "one", PASSED)
        version_sets_by_day[day] = publishing.publishable(store, day)
    start = threading.Barrier(len(days))

    def publish(day: date) -> None:
        own = MongoStore(mongo_uri, store.database)
        own.ping()
        start.wait()
        publishing.advance(own, day, version_sets_by_day[day])
        own.db.client.close()

    threads = [threading.Thread(target=publish, args=(day,)) for day in days]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    served = store.publication()
    assert served
    assert (served.day, served.versions) == (days[-1], version_sets_by_day[days[-1]])
