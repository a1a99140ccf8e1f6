"""`podrec demo`: the sample world on the way a user's data goes, from feeds and listeners to published lists."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import typer

from podrec_assets.cli import health
from podrec_assets.cli.console import connect, out, say
from podrec_assets.cli.feeds import ingest_feeds
from podrec_assets.cli.graph import materialize
from podrec_assets.cli.instance import open_instance
from podrec_assets.cli.listeners import simulate_events
from podrec_assets.cli.lists import print_recommendations
from podrec_assets.cli.services import up
from podrec_assets.errors import PodrecError
from podrec_assets.partitions import days_of_tags
from podrec_assets.resources.connections import Connections
from podrec_assets.sample_world import library
from podrec_assets.services import supervisor
from podrec_assets.serving.reader import recommendations

DAYS, USERS, SEED = 14, 200, 7
MODELS = "als_top_n similarities fusion_weights final_recommendations publication recommendation_quality blend_experiment"


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(demo)


def demo() -> None:
    """Start the services, fill every table and collection from the sample world, and show three listeners' lists.

    Example: podrec demo
    """
    connections = connect()
    up()
    base = supervisor.address(connections.settings, "samples")
    now = datetime.now(UTC)
    ingest_feeds(connections, [f"{base}/feeds/{show.slug}.xml" for show in library.load()], True, now)
    _land(connections, "episodes")
    if not any(connections.kafka.end_offsets(connections.settings.events_topic).values()):
        simulate_events(connections, DAYS, USERS, SEED, now)
    _land(connections, "user_events")
    today = now.date()
    _run(connections, "transcripts vectors", _first(connections, "episodes", today), today)
    _run(connections, "user_vs_episode_daily dead_letters", _first(connections, "user_events", today), today)
    # Two days before today, so that yesterday, a whole day, has lists of its eve to be measured by.
    _run(connections, MODELS, today - timedelta(days=2), today)
    _run(connections, "als_tuning", today, today)
    _print_tables(connections)
    _print_lists(connections)
    out.print(
        "\nNext: `make ui` opens Dagster on these runs; `podrec similar EPISODE`, `podrec status`; "
        "README: your own feeds and events."
    )


def _land(connections: Connections, asset: str) -> None:
    """Asks the asset's offset sensor what to land and runs just that."""
    from podrec_assets.definitions import build_defs

    sensor = build_defs(connections.settings).resolve_sensor_def(f"{asset}_offsets")
    with open_instance(connections.settings) as instance:
        with dg.build_sensor_context(
            instance=instance, resources={"connections": connections}, sensor_name=sensor.name
        ) as context:
            tick = sensor.evaluate_tick(context)
        for event in tick.asset_events:
            instance.report_runless_asset_event(event)
    requests = tick.run_requests or []
    say(f"sensor {sensor.name}: {tick.skip_message or ', '.join(str(r.run_key) for r in requests)}")
    for request in requests:
        span = days_of_tags(request.tags)
        assert span
        _run(connections, asset, *span)


def _run(connections: Connections, select: str, first: date, last: date) -> None:
    document = materialize(connections.settings, select, first, last)
    if not document["success"]:
        raise PodrecError(f"The run of {select} failed: {'; '.join(document['errors'])}")
    say(f"  done in {document['seconds']} s")


def _first(connections: Connections, table: str, today: date) -> date:
    return connections.lake.state(table).first_day or today


def _print_tables(connections: Connections) -> None:
    document = health.report(connections)
    out.print("\n[bold]Tables[/]")
    for name, table in document["tables"].items():
        out.print(
            f"  {name:<24}{table['rows']:>8} rows on {table['days']:>3} days, {table['first_day']} to {table['latest_day']}"
        )
    out.print("[bold]Collections[/]")
    for name, collection in document["collections"].items():
        out.print(f"  {name:<24}{collection['documents']:>8} documents as of {collection['day']}")
    out.print(f"  published: {document['publication']['day']}, version {document['publication']['version']}")


def _print_lists(connections: Connections) -> None:
    out.print("\n[bold]Three listeners[/]: a heavy one, the fan of one show, a newcomer")
    for user in ("listener-0001", "listener-0002", "somebody-new"):
        print_recommendations(recommendations(connections, user, 3))
