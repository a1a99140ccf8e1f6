"""`podrec optimize`: compacts the Delta tables."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.errors import UnknownIdError
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta import maintenance

OneTable = Annotated[str, typer.Option("--table", help="One table; default all.")]


def optimize(table: OneTable = "", as_json: Json = False) -> None:
    """Merge the small files of each day of the Delta tables. Rows do not change.

    Readers and writers can continue. The old files stay until `podrec vacuum` deletes them.

    Example: podrec optimize --table user_events
    """
    lake, tables = connect().lake, {}
    for name in chosen_tables(table):
        compaction = maintenance.optimize(lake, name)
        tables[name] = {"files_before": compaction.before, "files_after": compaction.after}
    emit({"tables": tables}, as_json, _print_optimized)


def chosen_tables(table: str) -> list[str]:
    """Returns the named table, or all for "". Raises UnknownIdError for any other name."""
    if table and table not in TABLES:
        raise UnknownIdError(f"unknown table {table!r}; known: {', '.join(TABLES)}.")
    return [table] if table else list(TABLES)


def _print_optimized(document: dict) -> None:
    for name, files in document["tables"].items():
        out.print(f"{name:<24} {files['files_before']:>6} files, now {files['files_after']}")
