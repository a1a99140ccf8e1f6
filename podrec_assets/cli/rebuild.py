"""`podrec rebuild`: recomputes an old version from its recorded inputs."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.schemas import LISTS


def rebuild(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION", help="A version that `podrec status` or `podrec trace` shows."
        ),
    ],
    collection: Annotated[
        str, typer.Option("--collection", help="final_recommendations, als_top_n or similarities.")
    ] = LISTS,
    as_json: Json = False,
) -> None:
    """Recompute an old version from its recorded inputs and compare it byte by byte.

    The inputs are the Delta versions, models and settings in its manifest. Writes nothing. Exits 1
    if the bytes differ. Works as long as the lake keeps the old files: `podrec vacuum` keeps the
    inputs of kept versions, `podrec forget` does not.

    Example: podrec rebuild 2026-11-01.1a2b3c4d
    """
    from podrec_assets.defs.jobs import rebuild as rebuilding

    rebuilt = rebuilding.rebuild(connect(), version, collection)
    difference = "" if rebuilt.is_identical else rebuilding.difference(rebuilt)
    emit(rebuilt.document(), as_json, lambda document: _print_rebuilt(document, difference))
    if not rebuilt.is_identical:
        raise typer.Exit(1)


def _print_rebuilt(document: dict, difference: str) -> None:
    for table, version in document["delta_versions"].items():
        out.print(f"  read {table:<24} Delta version {version}")
    for name, version in document["models"].items():
        out.print(f"  read {name:<24} version {version}")
    verdict = (
        [(difference, "red")]
        if difference
        else [
            ("identical", "green"),
            f": {document['rebuilt_count']} documents, checksum {document['checksum']}",
        ]
    )
    out.print(line(f"{document['collection']} {document['version']}: ", *verdict))
