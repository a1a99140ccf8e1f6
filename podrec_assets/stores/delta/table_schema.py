"""Columns of a table on disk, compared with its definition in `schemas`."""

from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType

from podrec_assets.errors import PermanentError
from podrec_assets.schemas import Table


def columns_on_disk(table: DeltaTable) -> dict[str, str]:
    """Columns of a table with their Delta types as text."""
    return _columns(table.schema())


def declared_columns(spec: Table) -> dict[str, str]:
    """Columns of a definition, in the form of `columns_on_disk`."""
    return _columns(Schema.from_arrow(spec.schema))


def conflicts(spec: Table, table: DeltaTable) -> list[str]:
    """Describes each column on disk that the definition dropped or gave another type."""
    on_disk, declared = columns_on_disk(table), declared_columns(spec)
    dropped = [
        f"{name} ({kind}) is no longer declared"
        for name, kind in on_disk.items()
        if name not in declared
    ]
    retyped = {n: kind for n, kind in on_disk.items() if n in declared and kind != declared[n]}
    return dropped + [
        f"{name} is {kind} on disk and declared as {declared[name]}"
        for name, kind in retyped.items()
    ]


def check_compatible(spec: Table, table: DeltaTable, uri: str) -> None:
    """Raises PermanentError if the definition dropped a column or changed its type."""
    if reasons := conflicts(spec, table):
        raise PermanentError(
            f"{spec.name} cannot be written: {'; '.join(reasons)}. Columns can only be added: "
            "restore the declaration and give a new meaning or type a new name, or move "
            f"{uri} away and recompute its days."
        )


def new_fields(spec: Table, table: DeltaTable) -> list[Field]:
    """Fields that the definition has and the table on disk does not, as nullable."""
    on_disk = {f.name for f in table.schema().fields}
    return [
        Field(f.name, f.type, nullable=True, metadata=f.metadata)
        for f in Schema.from_arrow(spec.schema).fields
        if f.name not in on_disk
    ]


def conform(spec: Table, rows: pa.Table, days: list[date] | None = None) -> pa.Table:
    """Casts rows to the exact schema of a definition.

    Raises:
        PermanentError: the rows have other columns, or one is not on any of `days`.
    """
    if set(rows.column_names) != set(spec.schema.names):
        raise PermanentError(
            f"Rows for {spec.name} have columns {rows.column_names}, not {spec.schema.names}."
        )
    data = rows.select(spec.schema.names).cast(spec.schema)
    outside = set() if days is None else set(data["day"].unique().to_pylist()) - set(days)
    if outside:
        raise PermanentError(
            f"Rows for {spec.name} are on {sorted(map(str, outside))}, "
            "outside the days being written."
        )
    return data


def without_comments(rows: pa.Table) -> pa.Table:
    """Removes the columns' comments: deltalake refuses rows whose comments differ from the table's.

    So a comment can be reworded; a table on disk keeps its own.
    """
    return rows.cast(pa.schema([f.remove_metadata() for f in rows.schema]))


def _columns(schema: Schema) -> dict[str, str]:
    return {
        f.name: f.type.type if isinstance(f.type, PrimitiveType) else str(f.type)
        for f in schema.fields
    }
