"""The Delta IO manager: a write replaces the run's days; a read refuses days never written."""

from datetime import date

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.dagster_internals import add_partition_metadata
from podrec_assets.defs.io_managers.lineage import column_lineage
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES, Table
from podrec_assets.stores.delta import Lake

_ARROW_NAMES = {
    pa.string(): "string",
    pa.float64(): "double",
    pa.float32(): "float",
    pa.date32(): "date",
}
PREVIEW_ROWS = 5
PREVIEW_WIDTH = 60


class DeltaIOManager(dg.ConfigurableIOManager):
    """Asset `x` is the Delta table `x`; its output is an Arrow table with a `day` column.

    An output covers one day or a range. Rows outside the run's days are refused before anything is
    written. Dagster's own Delta IO manager does not fit: it replaces the whole table for some
    partition types, and reads one day of a window.
    """

    connections: dg.ResourceDependency[Connections]

    def handle_output(self, context: dg.OutputContext, obj: pa.Table) -> None:
        name = context.asset_key.path[-1]
        days = [date.fromisoformat(key) for key in context.asset_partition_keys]
        version = self.connections.lake.replace_days(TABLES[name], obj, days)
        context.add_output_metadata(
            table_metadata(TABLES[name], self.connections.lake.uri(name), obj, version)
        )
        if len(days) > 1:
            counts = rows_by_day(obj)
            add_day_metadata(context, {day: counts.get(day, 0) for day in days})

    def load_input(self, context: dg.InputContext) -> pa.Table:
        """Reads the input's days. Raises MissingPartitionError if a day was never written."""
        name = context.asset_key.path[-1]
        days = [date.fromisoformat(key) for key in context.asset_partition_keys]
        # Read by number, so that the manifest names exactly the version that was read, even if
        # another run commits now.
        version = self.connections.lake.version(name)
        if version is not None:
            self.connections.inputs.tables[name] = version
        return self.connections.lake.read_days(name, days, version)


def table_metadata(spec: Table, uri: str, rows: pa.Table, version: int) -> dict:
    """What the UI shows of a write: place, row counts, schema, column lineage and a few rows."""
    return {
        "dagster/uri": uri,
        "dagster/table_name": spec.name,
        "dagster/storage_kind": "delta",
        "dagster/column_schema": column_schema(spec),
        "dagster/partition_row_count": len(rows),
        "row_count": len(rows),
        "delta_version": version,
        "rows_by_day": {str(d): n for d, n in rows_by_day(rows).items()},
        "preview": dg.MetadataValue.md(preview(rows)),
        **column_lineage(spec.name),
    }


def written(
    context: dg.AssetExecutionContext, lake: Lake, spec: Table, days: list[date]
) -> tuple[pa.Table, dict]:
    """(rows, metadata) of the days that an asset wrote itself.

    Also adds each day's row count to its own materialization.
    """
    rows, version = lake.read_days(spec.name, days), lake.version(spec.name)
    assert version is not None
    add_day_metadata(context, dict.fromkeys(days, 0) | rows_by_day(rows))
    return rows, table_metadata(spec, lake.uri(spec.name), rows, version)


def add_day_metadata(
    context: dg.OutputContext | dg.AssetExecutionContext, counts: dict[date, int]
) -> None:
    """Gives each day of a range its own row count.

    Otherwise each day would have the count of the whole run, and the UI's plot would be wrong.
    """
    for day, count in counts.items():
        metadata = {"row_count": count, "dagster/partition_row_count": count}
        add_partition_metadata(context, metadata, day)


def rows_by_day(rows: pa.Table) -> dict[date, int]:
    """Number of rows by day, in order of the days; days without rows are left out."""
    counts = rows.group_by("day").aggregate([("day", "count")])
    return dict(
        sorted(zip(counts["day"].to_pylist(), counts["day_count"].to_pylist(), strict=True))
    )


def column_schema(spec: Table) -> dg.TableSchema:
    """The table's schema as Dagster shows it."""
    columns = [
        dg.TableColumn(
            f.name,
            _ARROW_NAMES.get(f.type, str(f.type)),
            description=(f.metadata or {}).get(b"comment", b"").decode(),
            constraints=dg.TableColumnConstraints(nullable=f.name not in ("day", *spec.key)),
        )
        for f in spec.schema
    ]
    return dg.TableSchema(
        columns, constraints=dg.TableConstraints(other=[f"one row is {spec.grain}"])
    )


def preview(rows: pa.Table) -> str:
    """The first rows as a Markdown table; long values are cut."""
    if not len(rows):
        return "_no rows_"
    shown = [map(_cell, row.values()) for row in rows.slice(0, PREVIEW_ROWS).to_pylist()]
    lines = [rows.column_names, ["---"] * rows.num_columns, *shown]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return escape_markdown(text if len(text) <= PREVIEW_WIDTH else text[: PREVIEW_WIDTH - 1] + "…")
