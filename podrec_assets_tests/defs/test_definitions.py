"""The graph as people see it: its assets, edges and groups, and what each says about itself."""

import re

import dagster as dg
import pytest

from podrec_assets.definitions import build_defs
from podrec_assets.defs.instance import POOL_LIMITS
from podrec_assets.defs.partitions import DAILY
from podrec_assets.recommend.ranking.list_drift import COMPARISONS
from podrec_assets.recommend.ranking.list_validation import FAULTS
from podrec_assets.schemas import COLLECTIONS, TABLES
from podrec_assets.settings import Settings

EDGES = {
    "sources": set(),
    "withdrawals": {"sources"},
    "episode_metadata_topic": {"sources"},
    "user_events_topic": set(),
    "episodes": {"episode_metadata_topic"},
    "transcripts": {"episodes"},
    "vectors": {"transcripts", "episodes"},
    "similarities": {"vectors", "episodes"},
    "user_events": {"user_events_topic"},
    "user_vs_episode_daily": {"user_events"},
    "als_top_n": {"user_vs_episode_daily"},
    "fusion_weights": {
        "als_top_n",
        "similarities",
        "user_vs_episode_daily",
        "episodes",
        "user_events",
    },
    "final_recommendations": {
        "als_top_n",
        "similarities",
        "fusion_weights",
        "user_vs_episode_daily",
        "episodes",
        "withdrawals",
    },
    "publication": {"als_top_n", "similarities", "final_recommendations", "withdrawals"},
    "recommendation_quality": {
        "final_recommendations",
        "als_top_n",
        "similarities",
        "user_vs_episode_daily",
        "episodes",
        "user_events",
    },
    "blend_experiment": {"final_recommendations", "user_events", "user_vs_episode_daily"},
    "als_tuning": {"user_vs_episode_daily"},
    "dead_letters": {"sources", "episodes", "transcripts", "user_events"},
}
GROUPS = {
    "content": {
        "sources",
        "withdrawals",
        "episode_metadata_topic",
        "episodes",
        "transcripts",
        "vectors",
        "similarities",
        "dead_letters",
    },
    "listening": {"user_events_topic", "user_events", "user_vs_episode_daily", "als_top_n"},
    "recommendations": {
        "fusion_weights",
        "final_recommendations",
        "publication",
        "recommendation_quality",
        "blend_experiment",
        "als_tuning",
    },
}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def nodes(defs: dg.Definitions) -> dict:
    graph = defs.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def test_the_graph_has_exactly_these_assets_and_edges(nodes: dict) -> None:
    assert {
        name: {k.to_user_string() for k in node.parent_keys} for name, node in nodes.items()
    } == EDGES


def test_the_groups_are_those_of_the_architecture(nodes: dict) -> None:
    groups: dict[str, set[str]] = {}
    for name, node in nodes.items():
        groups.setdefault(node.group_name, set()).add(name)
    assert groups == GROUPS


def test_every_table_and_collection_is_an_asset_with_the_shared_partitions(nodes: dict) -> None:
    for name in (*TABLES, *COLLECTIONS, "publication"):
        assert nodes[name].partitions_def == DAILY
        assert nodes[name].backfill_policy.policy_type.name == "SINGLE_RUN"
        assert nodes[name].pools == {
            {"transcripts": "asr_cpu", "als_top_n": "spark", "als_tuning": "spark"}.get(
                name, f"write_{name}"
            )
        }


def test_every_pool_gets_its_limit_from_podrec_up(nodes: dict) -> None:
    assert (
        set().union(*(node.pools for node in nodes.values() if node.is_executable))
        <= POOL_LIMITS.keys()
    )
    assert {limit for pool, limit in POOL_LIMITS.items() if pool.startswith("write_")} == {1}


def test_every_asset_has_a_freshness_policy(nodes: dict) -> None:
    assert [name for name, node in nodes.items() if node.freshness_policy is None] == []


def test_every_asset_has_a_description_an_owner_and_a_kind(nodes: dict) -> None:
    for name, node in nodes.items():
        assert len(node.description) > 60, name
        assert node.owners == ["team:podrec"]
        assert node.kinds, name


def test_every_asset_states_its_grain_its_write_late_data_and_failure(nodes: dict) -> None:
    for name, node in nodes.items():
        if node.is_executable:
            assert re.match("One (row|document) is |The one pointer ", node.description), name
            for part in ("- Write: ", "- Late data: ", "- Fails when "):
                assert node.description.count(part) == 1, (name, part)


def test_every_table_shows_its_columns_with_their_meanings(nodes: dict) -> None:
    for name, spec in TABLES.items():
        columns = nodes[name].metadata["dagster/column_schema"].columns
        assert [c.name for c in columns] == spec.schema.names
        assert all(c.description for c in columns)


def test_every_table_has_a_blocking_key_check_and_lists_have_their_gate(
    defs: dg.Definitions,
) -> None:
    graph = defs.resolve_asset_graph()
    blocking = {
        (k.asset_key.to_user_string(), k.name)
        for k in graph.asset_check_keys
        if graph.get(k).blocking
    }
    assert {(name, "keys_are_unique") for name in TABLES} <= blocking
    gate = {name for asset, name in blocking if asset == "final_recommendations"}
    assert gate == {*FAULTS, *COMPARISONS}
    assert ("user_events", "offsets_add_up") in blocking


def test_all_sensors_run_by_default(defs: dg.Definitions) -> None:
    names = {s.name: s.default_status for s in defs.sensors or []}
    assert names.keys() >= {"episodes_offsets", "user_events_offsets", "due_sources", "automation"}
    assert set(names.values()) == {dg.DefaultSensorStatus.RUNNING}


def test_definitions_load_without_warnings(
    recwarn: pytest.WarningsRecorder, settings: Settings
) -> None:
    dg.Definitions.validate_loadable(build_defs(settings))
    assert [str(w.message) for w in recwarn] == []
