"""Reads a Delta table into Arrow."""

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from podrec_assets.errors import PermanentError
from podrec_assets.schemas import Table
from podrec_assets.stores.delta.table_schema import conflicts


def select(spec: Table, table: DeltaTable, names: list[str], where: str) -> pa.Table:
    """Reads the named columns of the rows that meet an SQL condition, in their declared types.

    Raises:
        PermanentError: a column on disk has another type than declared; names it.
    """
    # A table written before its schema grew lacks the new columns until its next write.
    on_disk = {f.name for f in table.schema().fields}
    absent = [f"NULL AS {n}" for n in spec.schema.names if n not in on_disk]
    source = f"(SELECT *, {', '.join(absent)} FROM t)" if absent else "t"
    sql = f"SELECT {', '.join(names)} FROM {source}" + (f" WHERE {where}" if where else "")
    rows = to_arrow(QueryBuilder().register("t", table).execute(sql).read_all())
    try:
        return rows.cast(pa.schema([spec.schema.field(n) for n in names]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
        reasons = "; ".join(conflicts(spec, table)) or err
        raise PermanentError(f"{spec.name} cannot be read: {reasons}.") from err


def to_arrow(table: Any) -> pa.Table:
    """Converts what deltalake returns, as pa.table() does, which imports pandas first."""
    return pa.RecordBatchReader.from_stream(table).read_all()
