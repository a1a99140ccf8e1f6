"""An asset reads exactly the inputs that the graph declares, apart from explicit waits."""

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
"""Inputs that an asset only waits for; the asset says why."""


@pytest.fixture(scope="module")
def graph_world(lists_world: Connections, yesterday: date, today: date) -> Connections:
    """Makes lists of two days with feedback, so that calibration and quality have data."""
    shown = {
        "user_id": "a-0",
        "episode_id": "a9",
        "list_version": f"{yesterday}.x",
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
    lists_world.lake.replace_days(USER_EVENTS, USER_EVENTS.rows(events), [yesterday, today])
    for day in (yesterday, today):
        assert run(lists_world, day, MODELS)["success"]
    return lists_world


@pytest.mark.parametrize("asset", WATCHED)
def test_an_asset_reads_all_its_inputs_and_nothing_else(
    graph_world: Connections, today: date, asset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    for store, method in ((Lake, "read"), (MongoStore, "versions")):
        monkeypatch.setattr(store, method, recording(read, getattr(store, method)))
    defs = build_defs(graph_world.settings)
    key = dg.AssetKey(asset)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={key}, asset_check_selection=set()
        )
        assert job.execute_in_process(instance=instance, tags=range_tags(today, today)).success
    inputs = {k.to_user_string() for k in defs.resolve_asset_graph().get(key).parent_keys}
    assert read - {asset} == (inputs & {*TABLES, *COLLECTIONS}) - WAITED_FOR.get(asset, set())


def recording(read: set[str], method: Callable) -> Callable:
    """Wraps a store's method so that it records the table or collection that is read."""

    def recorded(self: object, name: str, *args: object, **more: object) -> object:
        read.add(name)
        return method(self, name, *args, **more)

    return recorded
