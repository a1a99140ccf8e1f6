"""`podrec demo`: the sample world on the way a user's data goes, from feeds and listeners to
published lists.
"""

from datetime import UTC, datetime

import typer

from podrec_assets.cli import status
from podrec_assets.cli.catch_up import catch_up_to, land, run_or_raise
from podrec_assets.cli.console import connect, out
from podrec_assets.cli.ingest import ingest_feeds
from podrec_assets.cli.simulate import simulate_events
from podrec_assets.cli.recommend import print_recommendations
from podrec_assets.cli.up import up
from podrec_assets.pipelines.connections import Connections
from podrec_assets.sample_world import library
from podrec_assets.services import supervisor
from podrec_assets.serving.reader import recommendations

DAYS, USERS, SEED = 14, 200, 7


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(demo)


def demo() -> None:
    """Start the services, fill every table and collection from the sample world, and show three
    listeners' lists.

    Example: podrec demo
    """
    connections = connect()
    up()
    base = supervisor.address(connections.settings, "samples")
    now = datetime.now(UTC)
    ingest_feeds(
        connections, [f"{base}/feeds/{show.slug}.xml" for show in library.load()], True, now
    )
    land(connections, "episodes")
    if not any(connections.kafka.end_offsets(connections.settings.events_topic).values()):
        simulate_events(connections, DAYS, USERS, SEED, now)
    # Two days before today, so that yesterday, a whole day, has lists of its eve to be measured by.
    catch_up_to(connections, now.date(), list_days=3)
    run_or_raise(connections, "als_tuning", now.date(), now.date())
    _print_tables(connections)
    _print_lists(connections)
    out.print(
        "\nNext: `make ui` opens Dagster on these runs; `podrec similar EPISODE`, `podrec status`; "
        "docs/guide/first-hour.md: your own feeds and events."
    )


def _print_tables(connections: Connections) -> None:
    document = status.report(connections)
    out.print("\n[bold]Tables[/]")
    for name, table in document["tables"].items():
        out.print(
            f"  {name:<24}{table['rows']:>8} rows on {table['days']:>3} days, {table['first_day']} to {table['latest_day']}"
        )
    out.print("[bold]Collections[/]")
    for name, collection in document["collections"].items():
        out.print(f"  {name:<24}{collection['documents']:>8} documents as of {collection['day']}")
    out.print(
        f"  published: {document['publication']['day']}, version {document['publication']['version']}"
    )


def _print_lists(connections: Connections) -> None:
    out.print("\n[bold]Three listeners[/]: a heavy one, the fan of one show, a newcomer")
    for user in ("listener-0001", "listener-0002", "somebody-new"):
        print_recommendations(recommendations(connections, user, 3))
