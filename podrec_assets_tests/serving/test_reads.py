"""What the body of an asset reads is what the graph says that it reads: nothing more, and less only
where it must wait.
"""

from collections.abc import Callable
from datetime import date

import dagster as dg
import pytest

from podrec_assets.definitions import build_defs
from podrec_assets.defs.partitions import range_tags
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, TABLES, USER_EVENTS
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.mongo import MongoStore
from podrec_assets_tests.serving.planted import MODELS, run

pytestmark = pytest.mark.services
WATCHED = (
    "als_top_n",
    "als_tuning",
    "similarities",
    "fusion_weights",
    "final_recommendations",
    "recommendation_quality",
    "blend_experiment",
)

WAITED_FOR = {"blend_experiment": {"user_vs_episode_daily"}}
"""Inputs that an asset does not read, but must come after; why stands at the asset."""


@pytest.fixture(scope="module")
def graph_world(lists_world: Connections, eve: date, today: date) -> Connections:
    """Lists of two days, so that calibration has a day to replay and quality one to measure; both
    answered.
    """
    shown = {
        "user_id": "a-0",
        "episode_id": "a9",
        "list_version": f"{eve}.x",
        "position": 1,
        "is_late": False,
    }
    events = [
        {
            **shown,
            "day": today,
            "event_day": today,
            "event_id": kind,
            "kind": kind,
            "kafka_partition": 0,
            "kafka_offset": n,
        }
        for n, kind in enumerate(("impression", "click"))
    ]
    lists_world.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(events), [eve, today])
    for day in (eve, today):
        assert run(lists_world, day, MODELS)["success"]
    return lists_world


@pytest.mark.parametrize("asset", WATCHED)
def test_an_asset_reads_all_its_inputs_and_nothing_else(
    graph_world: Connections, today: date, asset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    for store, method in ((Lake, "read"), (MongoStore, "versions")):
        monkeypatch.setattr(store, method, noting(read, getattr(store, method)))
    defs = build_defs(graph_world.settings)
    key = dg.AssetKey(asset)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={key}, asset_check_selection=set()
        )
        assert job.execute_in_process(instance=instance, tags=range_tags(today, today)).success
    inputs = {k.to_user_string() for k in defs.resolve_asset_graph().get(key).parent_keys}
    assert read - {asset} == (inputs & {*TABLES, *COLLECTIONS}) - WAITED_FOR.get(asset, set())


def noting(read: set[str], method: Callable) -> Callable:
    """The method of a store, noting the table or collection that it is asked for."""

    def noted(self: object, name: str, *args: object, **more: object) -> object:
        read.add(name)
        return method(self, name, *args, **more)

    return noted
