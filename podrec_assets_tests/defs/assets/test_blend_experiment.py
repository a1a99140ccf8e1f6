"""The blend experiment in real runs: interleaved lists, answers to them, and the row with the wins.

The tests of this module are steps of one story on one planted lake.
"""

from datetime import UTC, date, datetime, time

import dagster as dg
import pytest

from podrec_assets.defs.assets.blend_experiment import blend_experiment
from podrec_assets.defs.checks.keys import count_key_faults
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.partitions import range_tags
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import BLEND_EXPERIMENT, LISTS, USER_EVENTS
from podrec_assets_tests.serving.planted import ALL, LISTENERS_EACH, run

pytestmark = pytest.mark.services
LISTENERS = 2 * LISTENERS_EACH


def with_experiment(connections: Connections, share: float = 1.0) -> Connections:
    """The same world, with a challenger that ranks by content alone."""
    update = {"experiment_share": share, "experiment_alpha": 0.0, "fusion_alpha": 1.0}
    return Connections(connections.settings.model_copy(update=update), {})


def event(number: int, day: date, user: str, episode: str, kind: str, version: str) -> dict:
    return {
        "day": day,
        "kafka_topic": "user-events",
        "kafka_partition": 0,
        "kafka_offset": number,
        "event_id": f"id-{number}",
        "user_id": user,
        "episode_id": episode,
        "kind": kind,
        "occurred_at": datetime.combine(day, time(9), UTC),
        "event_day": day,
        "is_late": False,
        "list_version": version,
    }


def answered(connections: Connections, yesterday: date, today: date) -> None:
    """Lands today's answers: listeners see their top four items.

    Those of taste a click the challenger's items, those of taste b the first item.
    """
    version = connections.mongo.latest_version(LISTS, yesterday).version  # type: ignore[union-attr]
    log: list[dict] = []
    for document in connections.mongo.documents(LISTS, version):
        user, top = document["user_id"], document["items"][:4]
        clicked = [i for i in top if i.get("team") == "b"] if user.startswith("a") else top[:1]
        for kind, items in (("impression", top), ("click", clicked)):
            log += [
                event(len(log) + n, today, user, i["episode_id"], kind, version)
                for n, i in enumerate(items)
            ]
    log.append(event(len(log), today, "a-0", log[0]["episode_id"], "click", "an unknown version"))
    connections.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(log), [yesterday, today])


def judge(connections: Connections, first: date, last: date) -> dict:
    """Metadata of a run of the asset."""
    resources = {"delta": DeltaIOManager(connections=connections), "connections": connections}
    result = dg.materialize([blend_experiment], resources=resources, tags=range_tags(first, last))
    return {
        k: v.value
        for k, v in result.asset_materializations_for_node("blend_experiment")[0].metadata.items()
    }


def test_without_an_experiment_there_are_no_rows_and_the_ui_says_how_to_start_one(
    lists_world: Connections, yesterday: date, today: date
) -> None:
    assert run(lists_world, yesterday)["success"]
    answered(lists_world, yesterday, today)
    assert (
        "Set PODREC_EXPERIMENT_SHARE to start an experiment"
        in judge(lists_world, today, today)["result"]
    )
    assert len(lists_world.lake.read(BLEND_EXPERIMENT.name)) == 0


def test_interleaved_lists_pass_the_gate_and_are_published(
    lists_world: Connections, yesterday: date
) -> None:
    document = run(with_experiment(lists_world), yesterday, ALL)
    assert document["success"], document["errors"]
    version = lists_world.mongo.publication().versions[LISTS]  # type: ignore[union-attr]
    documents = lists_world.mongo.documents(LISTS, version)
    assert [d["user_id"] for d in documents if d.get("challenger_alpha") != 0.0] == [""]
    for items in (d["items"] for d in documents if d["user_id"]):
        assert sorted(i["team"] for i in items[:4]) == ["a", "a", "b", "b"]


def test_the_days_row_counts_wins_and_a_second_run_changes_nothing(
    lists_world: Connections, yesterday: date, today: date
) -> None:
    world = with_experiment(lists_world)
    answered(world, yesterday, today)
    version = world.mongo.latest_version(LISTS, yesterday).version  # type: ignore[union-attr]
    b_first = sum(
        d["items"][0]["team"] == "b"
        for d in world.mongo.documents(LISTS, version)
        if d["user_id"].startswith("b")
    )
    metadata = judge(world, yesterday, today)
    rows = world.lake.read(BLEND_EXPERIMENT.name)
    assert count_key_faults(rows, BLEND_EXPERIMENT) == (0, 0)
    (row,) = rows.to_pylist()
    assert (row["day"], row["challenger_alpha"], row["tie_count"]) == (today, 0.0, 0)
    assert (row["a_win_count"], row["b_win_count"]) == (
        LISTENERS_EACH - b_first,
        LISTENERS_EACH + b_first,
    )
    assert row["b_credit_count"] == 2 * LISTENERS_EACH + b_first
    assert row["preference"] == (LISTENERS_EACH + b_first) / LISTENERS
    assert metadata["interleaved_listener_count"] == LISTENERS
    assert (
        f"| 0 | 1 | {LISTENERS_EACH - b_first} | {LISTENERS_EACH + b_first} | 0 |"
        in metadata["result"]
    )
    assert "data:image/png;base64," in metadata["over_days"]
    assert judge(world, today, today)["result"] == metadata["result"]
    assert world.lake.read(BLEND_EXPERIMENT.name).to_pylist() == [row]
