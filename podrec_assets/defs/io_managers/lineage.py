"""Column lineage as Dagster shows it, from the one declared place."""

import dagster as dg

from podrec_assets.schemas.lineage import LINEAGE


def column_lineage(name: str) -> dict[str, dg.TableColumnLineage]:
    """Metadata of a write: what each column of the table or collection is made of; {} where all of
    it comes from outside.
    """
    columns = {
        column: [_dep(source) for source in sources]
        for column, sources in LINEAGE.get(name, {}).items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(columns)} if columns else {}


def _dep(source: str) -> dg.TableColumnDep:
    table, _, column = source.partition(".")
    return dg.TableColumnDep(dg.AssetKey(table), column)
