"""Column lineage for the UI, from `schemas.lineage`."""

import dagster as dg

from podrec_assets.schemas.lineage import LINEAGE


def column_lineage(name: str) -> dict[str, dg.TableColumnLineage]:
    """Metadata with the source columns of each column of a table or collection.

    Empty if nothing is computed from other columns.
    """
    columns = {
        column: [_dep(source) for source in sources]
        for column, sources in LINEAGE.get(name, {}).items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(columns)} if columns else {}


def _dep(source: str) -> dg.TableColumnDep:
    table, _, column = source.partition(".")
    return dg.TableColumnDep(dg.AssetKey(table), column)
