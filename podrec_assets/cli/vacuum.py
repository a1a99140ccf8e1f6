"""`podrec optimize | vacuum`: small files of the lake put together, old ones removed. Rows stay
what they are.
"""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.recommend.run_manifest import named_versions
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta import maintenance

OneTable = Annotated[str, typer.Option("--table", help="One table only; all by default.")]


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(optimize)
    app.command()(vacuum)


def optimize(table: OneTable = "", as_json: Json = False) -> None:
    """Put the small files of each day of the tables together. Readers and writers go on; `podrec
    vacuum` removes the old files.

    Example: podrec optimize --table user_events
    """
    lake, tables = connect().lake, {}
    for name in _chosen(table):
        found = maintenance.optimize(lake, name)
        tables[name] = {"files_before": found.before, "files_after": found.after}
    emit({"tables": tables}, as_json, _print_optimized)


def vacuum(
    table: OneTable = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which files would go.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove files of the tables that no reader and no kept list can need any more.

    Everything that a version younger than PODREC_VACUUM_HOURS needs stays, and every version that
    kept lists and models were made of, so that these can be traced and made again.

    Example: podrec vacuum --dry-run
    """
    connections = connect()
    hours, named = connections.settings.vacuum_hours, named_versions(connections.mongo)
    tables = {
        name: {
            "files": (files := maintenance.vacuum(connections.lake, name, hours, named.get(name, ()), dry_run)),
            "file_count": len(files),
            "protected_version_count": len(named.get(name, ())),
        }
        for name in _chosen(table)
    }
    emit({"hours": hours, "dry_run": dry_run, "tables": tables}, as_json, _print_vacuumed)


def _chosen(table: str) -> list[str]:
    if table and table not in TABLES:
        raise UnknownIdError(f"unknown table {table!r}; known: {', '.join(TABLES)}.")
    return [table] if table else list(TABLES)


def _print_optimized(document: dict) -> None:
    for name, found in document["tables"].items():
        out.print(f"{name:<24} {found['files_before']:>6} files, now {found['files_after']}")


def _print_vacuumed(document: dict) -> None:
    done = "would be removed" if document["dry_run"] else "removed"
    for name, found in document["tables"].items():
        kept = found["protected_version_count"]
        out.print(
            f"{name:<24} {found['file_count']:>6} files {done}; {kept} versions stay for lists made of them"
        )
    out.print(
        f"files that were replaced in the last {document['hours']} hours (PODREC_VACUUM_HOURS) stay"
    )
