"""The same inputs give the same lists, and old lists can be rebuilt after the inputs changed."""

import json
from datetime import date, timedelta

import dagster as dg
import pytest
from deltalake import DeltaTable

from podrec_assets.definitions import build_defs
from podrec_assets.defs.instance import open_instance
from podrec_assets.defs.jobs.rebuild import Rebuilt, difference, rebuild
from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import code_version
from podrec_assets.schemas import COLLECTIONS, LISTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores.mongo import MongoStore, Publication
from podrec_assets_tests.serving.planted import ALL, add_episodes, play, run

pytestmark = pytest.mark.services


def served(connections: Connections) -> Publication:
    publication = connections.mongo.publication()
    assert publication
    return publication


@pytest.fixture(scope="module")
def first(lists_world: Connections, yesterday: date) -> Publication:
    document = run(lists_world, yesterday)
    assert document["success"], document["errors"]
    return served(lists_world)


def test_the_manifest_records_what_the_lists_were_made_from(
    lists_world: Connections, first: Publication
) -> None:
    version = lists_world.mongo.version(LISTS, first.versions[LISTS])
    assert version
    manifest = version.manifest
    assert manifest["models"] == {
        name: first.versions[name] for name in ("als_top_n", "similarities")
    }
    assert manifest["delta_versions"] == lists_world.lake.versions()
    assert (manifest["engine"], manifest["code"]) == ("local", code_version())
    assert manifest["settings"] == lists_world.settings.results()


def test_the_same_inputs_give_the_same_bytes_in_another_database(
    lists_world: Connections, first: Publication, yesterday: date, mongo_uri: str
) -> None:
    other_name = f"{lists_world.settings.mongo_database}_again"
    again = Connections(lists_world.settings.model_copy(update={"mongo_database": other_name}), {})
    assert run(again, yesterday)["success"]
    other = MongoStore(mongo_uri, other_name)
    for name in COLLECTIONS:
        ours, theirs = (
            json.dumps(store.documents(name, pointer.versions[name])).encode()
            for store, pointer in ((lists_world.mongo, first), (other, served(again)))
        )
        assert ours == theirs


@pytest.fixture(scope="module")
def changed(lists_world: Connections, first: Publication, yesterday: date) -> Publication:
    """Adds late plays and new episodes, replaces a play, and runs the models and lists again."""
    lake, day = lists_world.lake, yesterday - timedelta(days=1)
    rows = [
        r
        for r in lake.read_days(USER_VS_EPISODE_DAILY.name, [day]).to_pylist()
        if r["user_id"] != "a-1"
    ]
    rows += [play(day, "a-1", "b3"), play(day, "late-one", "a2"), play(day, "late-one", "a3")]
    lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows(rows), [day])
    add_episodes(lists_world, yesterday, ["a-new", "b-new"])
    # Rebuild needs different lists, not better ones, so the gate compares nothing here.
    uncompared = lists_world.settings.model_copy(update={"gate_min_listeners": 1000})
    document = run(Connections(uncompared, {}), yesterday, ALL)
    assert document["success"], document["errors"]
    return served(lists_world)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_an_old_version_is_rebuilt_byte_for_byte_after_its_inputs_changed(
    lists_world: Connections, first: Publication, changed: Publication, collection: str
) -> None:
    assert first.versions[collection] != changed.versions[collection]
    old = rebuild(lists_world, first.versions[collection], collection)
    assert old.is_identical
    assert (old.rebuilt_count, old.differing_count) == (old.count, 0)
    new = rebuild(lists_world, changed.versions[collection], collection)
    assert new.is_identical
    assert new.checksum != old.checksum


def test_the_job_rebuilds_a_version_and_reports_the_result(
    lists_world: Connections, first: Publication, changed: Publication
) -> None:
    with open_instance(lists_world.settings) as instance:
        job = build_defs(lists_world.settings).resolve_job_def("rebuild_list")
        config = {"ops": {"rebuild_version": {"config": {"version": first.versions[LISTS]}}}}
        assert job.execute_in_process(run_config=config, instance=instance).success
        shown = (
            instance.fetch_observations(dg.AssetKey(LISTS), limit=1).records[0].asset_observation
        )
    assert shown
    assert shown.metadata["is_identical"].value is True
    stored = lists_world.mongo.version(LISTS, first.versions[LISTS])
    assert stored is not None
    assert shown.metadata["rebuilt_checksum"].value == stored.checksum


def test_a_version_whose_documents_were_tampered_with_differs_from_its_rebuild(
    lists_world: Connections, first: Publication, changed: Publication
) -> None:
    stored = lists_world.mongo.db[LISTS]
    whole = stored.find_one({"version": first.versions[LISTS], "user_id": "a-0"})
    assert whole
    stored.replace_one({"_id": whole["_id"]}, {**whole, "items": whole["items"][1:]})
    found = rebuild(lists_world, first.versions[LISTS])
    stored.replace_one({"_id": whole["_id"]}, whole)
    assert found.differing_count == 1
    other = Rebuilt(
        **{
            **{k: getattr(found, k) for k in found.__dataclass_fields__},
            "rebuilt_checksum": "other",
            "code": "older",
        }
    )
    assert not other.is_identical
    assert difference(other).endswith(
        f"differ from their rebuild. It was made by code older; this is {code_version()}."
    )


def test_an_unknown_version_raises_with_the_newest_one(
    lists_world: Connections, changed: Publication
) -> None:
    with pytest.raises(
        UnknownIdError,
        match=rf"no version 'x', or it was pruned; newest: {changed.versions[LISTS]}",
    ):
        rebuild(lists_world, "x")
    with pytest.raises(UnknownIdError, match="unknown collection 'lists'; known: als_top_n"):
        rebuild(lists_world, "x", "lists")


def test_after_a_vacuum_the_rebuild_says_that_old_files_are_gone(
    lists_world: Connections, first: Publication, changed: Publication
) -> None:
    DeltaTable(lists_world.lake.uri(USER_VS_EPISODE_DAILY.name)).vacuum(
        0, dry_run=False, enforce_retention_duration=False
    )
    with pytest.raises(
        PermanentError,
        match=r"Version 0 of user_vs_episode_daily can no longer be read: `podrec vacuum`",
    ):
        rebuild(lists_world, first.versions[LISTS])
    assert rebuild(lists_world, changed.versions[LISTS]).is_identical
