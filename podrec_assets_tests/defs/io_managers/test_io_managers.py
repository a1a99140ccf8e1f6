"""IO managers in real runs on a small graph: what a write replaces, and what a read refuses."""

from datetime import date

import dagster as dg
import pyarrow as pa
import pytest
from pydantic import SecretStr

from podrec_assets.defs.io_managers.delta import DeltaIOManager, preview
from podrec_assets.defs.io_managers.mongo import DailyDocs, MongoIOManager, preview_items
from podrec_assets.defs.partitions import DAILY, range_tags, run_days, window
from podrec_assets.errors import MissingPartitionError
from podrec_assets.markdown_escape import JOINER
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, FUSION_WEIGHTS, VECTORS
from podrec_assets.settings import Settings

D1, D2, D3 = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)
BUCKETS: dict[date, list[str]] = {}
SEEN: list[tuple[str, int]] = []


@dg.asset(
    partitions_def=DAILY, io_manager_key="delta", backfill_policy=dg.BackfillPolicy.single_run()
)
def fusion_weights(context: dg.AssetExecutionContext) -> pa.Table:
    rows = [
        {"day": day, "bucket": b, "alpha": 0.5}
        for day in run_days(context)
        for b in BUCKETS.get(day, [])
    ]
    return FUSION_WEIGHTS.rows(rows)


@dg.asset(
    partitions_def=DAILY,
    ins={"fusion_weights": dg.AssetIn(partition_mapping=window(2))},
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="mongo",
)
def als_top_n(context: dg.AssetExecutionContext, fusion_weights: pa.Table) -> DailyDocs:
    SEEN[:] = sorted((str(r["day"]), r["bucket"]) for r in fusion_weights.to_pylist())
    return {day: [{"user_id": b, "items": []} for _, b in SEEN] for day in run_days(context)}


@pytest.fixture
def connections(settings: Settings) -> Connections:
    opened = Connections(settings, {})
    BUCKETS.clear()
    return opened


def run(
    connections: Connections,
    asset: dg.AssetsDefinition,
    first: date,
    last: date,
    upstream: tuple = (),
) -> dg.ExecuteInProcessResult:
    resources = {
        "delta": DeltaIOManager(connections=connections),
        "mongo": MongoIOManager(connections=connections),
    }
    return dg.materialize(
        [asset, *upstream],
        selection=[asset],
        resources=resources,
        tags=range_tags(first, last),
        raise_on_error=True,
    )


def stored(connections: Connections) -> list[tuple[str, str]]:
    return sorted(
        (str(r["day"]), r["bucket"]) for r in connections.lake.read("fusion_weights").to_pylist()
    )


def test_a_second_run_with_fewer_rows_leaves_no_old_rows(connections: Connections) -> None:
    BUCKETS[D1] = ["a", "b"]
    run(connections, fusion_weights, D1, D1)
    BUCKETS[D1] = ["a"]
    run(connections, fusion_weights, D1, D1)
    assert stored(connections) == [("2026-11-01", "a")]


def test_a_second_day_does_not_change_the_first(connections: Connections) -> None:
    BUCKETS.update({D1: ["a"], D2: ["b"]})
    run(connections, fusion_weights, D1, D1)
    run(connections, fusion_weights, D2, D2)
    assert stored(connections) == [("2026-11-01", "a"), ("2026-11-02", "b")]


def test_a_range_is_one_write_and_its_empty_days_count_as_written(connections: Connections) -> None:
    BUCKETS.update({D1: ["a"], D3: ["c"]})
    result = run(connections, fusion_weights, D1, D3)
    state = connections.lake.state("fusion_weights")
    assert (state.version, state.days) == (0, {D1, D2, D3})
    metadata = result.asset_materializations_for_node("fusion_weights")[0].metadata
    assert metadata["rows_by_day"].value == {"2026-11-01": 1, "2026-11-03": 1}


def test_each_day_of_a_range_has_its_own_row_count(connections: Connections) -> None:
    BUCKETS.update({D1: ["a", "b"], D3: ["c"]})
    materializations = run(connections, fusion_weights, D1, D3).asset_materializations_for_node(
        "fusion_weights"
    )
    assert {m.partition: m.metadata["row_count"].value for m in materializations} == {
        "2026-11-01": 2,
        "2026-11-02": 0,
        "2026-11-03": 1,
    }
    assert {m.metadata["dagster/partition_row_count"].value for m in materializations} == {0, 1, 2}


def on_mongo(connections: Connections, uri: str, database: str) -> Connections:
    named = {"mongo_uri": SecretStr(uri), "mongo_database": database}
    return Connections(connections.settings.model_copy(update=named), {})


@pytest.mark.services
def test_a_window_reads_the_day_and_the_one_before(
    connections: Connections, mongo_uri: str
) -> None:
    connections = on_mongo(connections, mongo_uri, "io_managers")
    BUCKETS.update({D1: ["a"], D2: ["b"], D3: ["c"]})
    run(connections, fusion_weights, D1, D3)
    result = run(connections, als_top_n, D3, D3, (fusion_weights,))
    assert SEEN == [("2026-11-02", "b"), ("2026-11-03", "c")]
    version = connections.mongo.latest_version("als_top_n", D3)
    assert version is not None
    assert [d["user_id"] for d in connections.mongo.documents("als_top_n", version.version)] == [
        "b",
        "c",
    ]
    metadata = result.asset_materializations_for_node("als_top_n")[0].metadata
    assert metadata["version"].value == version.version
    again = run(connections, als_top_n, D3, D3, (fusion_weights,))
    assert (
        again.asset_materializations_for_node("als_top_n")[0].metadata["version"].value
        == version.version
    )


@pytest.mark.services
def test_a_collection_is_empty_before_its_source_table_and_missing_days_after_are_errors(
    connections: Connections, mongo_uri: str
) -> None:
    connections = on_mongo(connections, mongo_uri, "io_managers_history")
    connections.lake.replace_days(VECTORS, VECTORS.empty(), [D2])
    manager = MongoIOManager(connections=connections)
    assert manager.load_day("similarities", D1) == []
    with pytest.raises(MissingPartitionError, match="similarities has no version for 2026-11-02"):
        manager.load_day("similarities", D2)


def test_a_day_that_was_never_written_fails_the_run_by_name(connections: Connections) -> None:
    BUCKETS[D1] = ["a"]
    run(connections, fusion_weights, D1, D1)
    with pytest.raises(
        MissingPartitionError,
        match="fusion_weights has never been written for 2026-11-02 and 1 more",
    ):
        run(connections, als_top_n, D3, D3, (fusion_weights,))


def test_text_from_feeds_is_escaped_in_previews() -> None:
    title = "![x](http://tracker.example/p.png) | <b>\nnext"
    shown = preview(EPISODES.rows([{"day": D1, "title": title}]).select(["day", "title"]))
    assert (
        shown.splitlines()[2]
        == rf"| 2026-11-01 | !\[x\](http{JOINER}://tracker.example/p.png) \| \<b\> next |"
    )


def test_a_preview_of_documents_is_a_table_of_first_items() -> None:
    items = [
        {"rank": n, "episode_id": f"e{n}", "score": 1 / n, "evidence": {"a": 1}} for n in (1, 3, 4)
    ]
    assert preview_items(
        [{"user_id": "a|b", "items": items}, {"user_id": "none", "items": []}], "user_id"
    ).splitlines() == [
        "| user_id | rank | episode_id | score |",
        "| --- | --- | --- | --- |",
        "| a\\|b | 1 | e1 | 1 |",
        "| a\\|b | 3 | e3 | 0\\.3333 |",
    ]
    assert preview_items([{"user_id": "u", "items": []}], "user_id") == "_no items_"
