"""The gate in real runs: nothing publishes what it refused, and it names the check and the value.

The tests of this module are steps of one story on one planted lake.
"""

from datetime import date

import dagster as dg
import pytest

from podrec_assets.definitions import build_defs
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import GateError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.ranking.list_drift import COMPARISONS
from podrec_assets.recommend.ranking.list_validation import FAULTS
from podrec_assets.schemas import LISTS
from podrec_assets.serving.reader import recommendations
from podrec_assets.serving.rollback import publish_day, refused
from podrec_assets.stores.mongo import Publication, refusal
from podrec_assets_tests.serving.planted import ALL, LISTENERS_EACH, run

pytestmark = pytest.mark.services
CHURN, QUALITY = "churn_is_bounded", "quality_is_not_below_served"


def worse(connections: Connections) -> Connections:
    """The same world with one episode per show in a list, so that lists miss most plays."""
    return Connections(connections.settings.model_copy(update={"per_show_cap": 1}), {})


def served(connections: Connections) -> Publication:
    publication = connections.mongo.publication()
    assert publication
    return publication


def test_the_first_lists_are_judged_and_published_without_a_comparison(
    lists_world: Connections, yesterday: date
) -> None:
    document = run(lists_world, yesterday)
    assert document["success"], document["errors"]
    assert served(lists_world).day == yesterday
    verdict = lists_world.mongo.latest_version(LISTS).verdict  # type: ignore[union-attr]
    assert verdict
    assert [f["check"] for f in verdict.findings] == [*FAULTS, *COMPARISONS]
    assert {f["says"] for f in verdict.findings if "compared" in f["says"]} == {
        "not compared: nothing is published yet"
    }


def test_lists_that_do_worse_on_the_next_days_plays_are_refused(
    lists_world: Connections, yesterday: date
) -> None:
    before = served(lists_world)
    document = run(worse(lists_world), yesterday)
    assert not document["success"]
    refusal = next(e for e in document["errors"] if QUALITY in e)
    assert refusal.startswith(
        f"check {QUALITY} of {LISTS} failed: {yesterday}: "
        f"nDCG@10 on the later plays of {2 * LISTENERS_EACH} listeners is "
    )
    assert served(lists_world) == before
    assert lists_world.mongo.latest_version(LISTS).version != before.versions[LISTS]  # type: ignore[union-attr]


def test_the_ui_shows_the_refusing_check_with_its_value_and_bound(
    lists_world: Connections, yesterday: date
) -> None:
    with open_instance(lists_world.settings) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(LISTS), QUALITY)
        record = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)[0]
    evaluation = record.evaluation
    assert evaluation
    assert (evaluation.passed, evaluation.blocking) == (False, True)
    value, bound = (evaluation.metadata[name].value for name in ("value", "bound"))
    assert isinstance(value, int | float)
    assert value < 0 == bound
    assert evaluation.metadata["refused_days"].value == [str(yesterday)]


def test_the_refused_version_and_the_reason_can_be_read(
    lists_world: Connections, yesterday: date
) -> None:
    version = refused(lists_world)
    assert version
    assert version == lists_world.mongo.latest_version(LISTS, yesterday)
    assert QUALITY in refusal(version)


def test_neither_a_later_run_nor_a_command_publishes_refused_lists(
    lists_world: Connections, yesterday: date
) -> None:
    before = served(lists_world)
    assert run(lists_world, yesterday, "publication")["success"]
    assert (
        publish_day(lists_world, yesterday).versions
        == before.versions
        == served(lists_world).versions
    )


def test_a_day_with_only_refused_lists_cannot_be_published(
    lists_world: Connections, today: date
) -> None:
    before = served(lists_world)
    refused_run = run(worse(lists_world), today, ALL)
    assert not refused_run["success"], lists_world.mongo.latest_version(LISTS)
    document = run(lists_world, today, "publication")
    assert not document["success"], served(lists_world)
    assert f"The gate refused version {today}." in document["errors"][0]
    assert CHURN in document["errors"][0]
    with pytest.raises(
        GateError,
        match=rf"{CHURN}: 0.* left their lists; the bound is 0\.5.*"
        rf"publish --day {today} --force` serves",
    ):
        publish_day(lists_world, today)
    assert served(lists_world) == before


def test_a_person_can_overrule_a_comparison(lists_world: Connections, today: date) -> None:
    assert publish_day(lists_world, today, force=True).day == today
    assert recommendations(lists_world, "a-0", 20)["day"] == str(today)
    assert len(recommendations(lists_world, "a-0", 20)["items"]) == 2
    assert refused(lists_world) is None


def test_the_rollback_job_publishes_another_day_and_shows_it(
    lists_world: Connections, yesterday: date
) -> None:
    before = served(lists_world)
    with open_instance(lists_world.settings) as instance:
        job = build_defs(lists_world.settings).resolve_job_def("rollback")
        config = {"ops": {"serve_day": {"config": {"day": str(yesterday)}}}}
        assert job.execute_in_process(run_config=config, instance=instance).success
        shown = instance.get_latest_materialization_event(dg.AssetKey("publication"))
    assert (served(lists_world).day, served(lists_world).previous) == (yesterday, before.versions)
    assert shown
    assert shown.asset_materialization.partition == str(yesterday)  # type: ignore[union-attr]
    assert len(recommendations(lists_world, "a-0", 20)["items"]) > 2


def test_after_a_rollback_the_next_run_publishes_the_newer_day(
    lists_world: Connections, today: date
) -> None:
    document = run(lists_world, today)
    assert document["success"], document["errors"]
    assert served(lists_world).day == today
    assert len(recommendations(lists_world, "a-0", 20)["items"]) > 2
