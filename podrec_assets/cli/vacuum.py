"""`podrec vacuum`: deletes old files of the Delta tables."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.cli.optimize import OneTable, chosen_tables
from podrec_assets.pipelines.recommend.run_manifest import versions_in_manifests
from podrec_assets.stores.delta import maintenance


def vacuum(
    table: OneTable = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the files.")] = False,
    as_json: Json = False,
) -> None:
    """Delete old files of the Delta tables that no reader and no kept list needs.

    Keeps every table version younger than PODREC_VACUUM_HOURS, and every version that kept lists
    and models were made from, so that these can still be traced and rebuilt.

    Example: podrec vacuum --dry-run
    """
    connections = connect()
    hours, named = connections.settings.vacuum_hours, versions_in_manifests(connections.mongo)
    tables = {}
    for name in chosen_tables(table):
        protected = named.get(name, ())
        files = maintenance.vacuum(connections.lake, name, hours, protected, dry_run)
        tables[name] = {
            "files": files,
            "file_count": len(files),
            "protected_version_count": len(protected),
        }
    emit({"hours": hours, "dry_run": dry_run, "tables": tables}, as_json, _print_vacuumed)


def _print_vacuumed(document: dict) -> None:
    verb = "would be deleted" if document["dry_run"] else "deleted"
    for name, table in document["tables"].items():
        kept = f"{table['protected_version_count']} versions kept for lists made from them"
        out.print(f"{name:<24} {table['file_count']:>6} files {verb}; {kept}")
    hours = document["hours"]
    out.print(f"files replaced in the last {hours} hours are kept (PODREC_VACUUM_HOURS)")
