"""als_tuning on a lake: its rows, its metadata, and that a second run gives the same."""

from datetime import date, timedelta

import dagster as dg
import pytest

from podrec_assets.defs.assets.als_tuning import als_tuning
from podrec_assets.defs.assets.listening import user_vs_episode_daily
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.partitions import range_tags
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets_tests.recommend.als.test_tuning import TODAY, listening

pytestmark = pytest.mark.slow


def run(connections: Connections, first: date, last: date) -> dg.ExecuteInProcessResult:
    settings = connections.settings
    resources = {"delta": DeltaIOManager(connections=connections), "connections": connections}
    resources["spark"] = SparkResource.from_settings(settings)
    return dg.materialize(
        [als_tuning, user_vs_episode_daily],
        selection=[als_tuning],
        resources=resources,
        tags=range_tags(first, last),
    )


def test_a_day_has_its_trials_and_a_recommendation_unless_nothing_was_played_after_it(
    settings: Settings,
) -> None:
    connections = Connections(
        settings.model_copy(update={"tuning_trials": 3, "tuning_days": 3}), {}
    )
    days = [TODAY - timedelta(days=n) for n in reversed(range(6))]
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, listening(), days)
    result = run(connections, TODAY - timedelta(days=5), TODAY)
    rows = connections.lake.read("als_tuning").to_pylist()
    assert [(r["day"], r["trial"]) for r in rows if r["day"] == TODAY] == [
        (TODAY, n) for n in range(4)
    ]
    assert {r["day"] for r in rows} == {TODAY, TODAY - timedelta(days=1)}
    (materialization,) = result.asset_materializations_for_node("als_tuning")[:1]
    adopt, trials = (materialization.metadata[name].value for name in ("adopt", "trials"))
    assert isinstance(adopt, str)
    assert adopt.startswith("Keep the current settings")
    assert materialization.metadata["trial_count"].value == 3
    assert materialization.metadata["ended_by_time"].value is False
    assert isinstance(trials, str)
    assert "data:image/png;base64," in trials
    run(connections, TODAY, TODAY)
    again = connections.lake.read("als_tuning").to_pylist()
    assert sorted((r["trial"], r["ndcg"]) for r in again) == sorted(
        (r["trial"], r["ndcg"]) for r in rows
    )
