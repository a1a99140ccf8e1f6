"""`podrec up | down | status | doctor | settings`: what runs, where, and what is in it."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from podrec_assets.cli import status as health
from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.defs.instance import set_pool_limits
from podrec_assets.services import jars, supervisor
from podrec_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(doctor)
    app.command("settings")(show_settings)


def up(as_json: Json = False) -> None:
    """Start the embedded services (Kafka, MongoDB-wire server, sample world) and make the topics.

    Example: podrec up
    """
    connections = connect()
    settings = connections.settings
    jars.ensure_all(settings, say)
    supervisor.up(settings, say)
    connections.kafka.ensure_topic(settings.episodes_topic, 1)
    connections.kafka.ensure_topic(settings.events_topic, settings.kafka_partitions)
    set_pool_limits(settings)
    emit({"services": supervisor.status(settings)}, as_json, _print_services)


def down() -> None:
    """Stop the embedded services; their data is kept.

    Example: podrec down
    """
    supervisor.down(Settings.load())
    out.print("embedded services are stopped; their data is kept")


def status(as_json: Json = False) -> None:
    """Show services, tables, collections, topics, publication and dead letters. What is down is
    said, not a failure: see doctor.

    Example: podrec status --json
    """
    emit(health.report(connect()), as_json, _print_status)


def doctor(
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Verify offsets, counts, versions and pointers across the stores too."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is installed, reachable or missing, and what to do. Exits 1 when something is
    missing or wrong.

    --deep reads whole tables: it verifies that Kafka, the lake, Mongo and Dagster agree, and
    changes nothing.

    Example: podrec doctor --deep
    """
    connections = connect()
    findings = health.diagnose(connections)
    if deep:
        findings += health.verify(connections, say)
    emit({"findings": [asdict(f) for f in findings]}, as_json, _print_findings)
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


def show_settings(as_json: Json = False) -> None:
    """List every setting with its value and meaning. Secrets are hidden.

    Example: podrec settings
    """
    settings = Settings.load()
    values = {
        f"PODREC_{name.upper()}": {
            "value": str(getattr(settings, name)),
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    }
    emit(values, as_json, _print_settings)


def _print_settings(document: dict) -> None:
    for name, setting in document.items():
        out.print(f"[bold]{name}[/]={escape(setting['value'])}\n    {escape(setting['meaning'])}")


def _print_services(document: dict) -> None:
    for name, service in document["services"].items():
        state = "[green]up[/]" if service["up"] else "[red]down[/]"
        out.print(
            f"{name:<8} {state}  {service['address'] or '-'}  {'embedded' if service['embedded'] else 'external'}"
        )
        if service.get("problem"):
            out.print(f"         {service['problem']}", markup=False)


def _print_status(document: dict) -> None:
    _print_services(document)
    _print_grid(
        "table", ("rows", "days", "first_day", "latest_day", "delta_version"), document["tables"]
    )
    _print_grid("collection", ("documents", "version", "day"), document["collections"])
    _print_grid("topic", ("end_offsets", "landed_offsets", "lag"), document["topics"])
    published = document["publication"]
    out.print(
        f"published: {published['day']}, version {published['version']}"
        if published
        else "published: nothing yet"
    )
    if document["refused"]:
        out.print(f"[red]not served[/]: {escape(document['refused']['reason'])}")
    letters = ", ".join(f"{reason} {n}" for reason, n in document["dead_letters"].items())
    out.print(f"dead letters: {letters or 'none'}")
    out.print(
        f"days waiting for late events: {', '.join(document['days_waiting_for_late_events']) or 'none'}"
    )


def _print_grid(title: str, columns: tuple[str, ...], rows: dict[str, dict]) -> None:
    grid = Table(title, *columns, box=None, header_style="bold", pad_edge=False)
    for name, row in rows.items():
        grid.add_row(name, *("-" if row[c] is None else str(row[c]) for c in columns))
    out.print(grid)


def _print_findings(document: dict) -> None:
    for finding in document["findings"]:
        mark = "[green]ok[/]   " if finding["ok"] else "[red]fault[/]"
        remedy = "" if finding["ok"] else f" -> {finding['remedy']}"
        out.print(mark, escape(f"{finding['what']}: {finding['detail']}{remedy}"))
