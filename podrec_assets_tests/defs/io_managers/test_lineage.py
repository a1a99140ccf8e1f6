"""Column lineage names existing columns, of assets that the graph reads."""

import dagster as dg

from podrec_assets.definitions import build_defs
from podrec_assets.defs.io_managers.lineage import column_lineage
from podrec_assets.defs.io_managers.mongo import document_schema
from podrec_assets.schemas import COLLECTIONS, TABLES
from podrec_assets.schemas.lineage import LINEAGE
from podrec_assets.settings import Settings

COLUMNS = {name: set(spec.schema.names) for name, spec in TABLES.items()} | {
    name: {c.name for c in document_schema(name).columns} for name in COLLECTIONS
}


def test_every_named_column_exists() -> None:
    for name, columns in LINEAGE.items():
        assert columns.keys() <= COLUMNS[name], name
        for source in (s for sources in columns.values() for s in sources):
            table, _, column = source.partition(".")
            assert column in COLUMNS[table], source


def test_lineage_follows_the_edges_of_the_graph(settings: Settings) -> None:
    graph = build_defs(settings).resolve_asset_graph()
    for name, columns in LINEAGE.items():
        parents = {
            k.to_user_string() for k in graph.get(dg.AssetKey(name)).parent_keys
        } & COLUMNS.keys()
        assert {s.partition(".")[0] for sources in columns.values() for s in sources} <= parents, (
            name
        )


def test_a_write_has_its_lineage_and_a_landed_table_has_none() -> None:
    lineage = column_lineage("vectors")["dagster/column_lineage"]
    assert dg.TableColumnDep(dg.AssetKey("transcripts"), "text") in lineage.deps_by_column["vector"]
    assert column_lineage("user_events") == {}
