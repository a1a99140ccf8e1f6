"""`podrec demo`: the whole pipeline on the sample world, by the steps that your own data takes."""

from datetime import UTC, datetime

from podrec_assets.cli.catch_up import catch_up_to, land, run_or_raise
from podrec_assets.cli.console import connect, line, out, say
from podrec_assets.cli.recommend import print_recommendations
from podrec_assets.cli.status import report
from podrec_assets.cli.up import up
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.listening.event_simulation import simulate_events
from podrec_assets.sample_world import library
from podrec_assets.schemas import ALS_TUNING, EPISODES, TRANSCRIPTS
from podrec_assets.services import supervisor
from podrec_assets.serving.reader import recommendations

DAYS, USERS, SEED = 14, 200, 7


def demo() -> None:
    """Run the whole pipeline on built-in sample data and show three listeners' lists.

    Starts the embedded services, fills every table and collection from sample feeds and simulated
    listeners, and publishes the lists.

    Example: podrec demo
    """
    connections = connect()
    up()
    base = supervisor.address(connections.settings, "samples")
    feeds = [f"{base}/feeds/{show.slug}.xml" for show in library.load()]
    now = datetime.now(UTC)
    ingest_feeds(connections, feeds, True, now, say=say)
    land(connections, EPISODES.name)
    if not any(connections.kafka.end_offsets(connections.settings.events_topic).values()):
        simulate_events(connections, DAYS, USERS, SEED, now, say)
    # Lists of three days: yesterday's plays are evaluated on the lists of the day before.
    catch_up_to(connections, now.date(), list_days=3)
    run_or_raise(connections, ALS_TUNING.name, now.date(), now.date())
    _print_tables(connections)
    _print_heard(connections)
    _print_lists(connections)
    out.print()
    out.print(
        "Next: `make ui` opens Dagster with these runs; try `podrec similar EPISODE` and "
        "`podrec status`; docs/guide/first-hour.md shows how to use your own feeds and events."
    )


def _print_tables(connections: Connections) -> None:
    document = report(connections)
    out.print()
    out.print("Tables", style="bold")
    for name, table in document["tables"].items():
        days = f" on {table['days']:>3} days, {table['first_day']} to {table['latest_day']}"
        out.print(f"  {name:<24}{table['rows']:>8} rows{days if table['days'] else ''}")
    out.print("Collections", style="bold")
    for name, collection in document["collections"].items():
        out.print(f"  {name:<24}{collection['documents']:>8} documents as of {collection['day']}")
    published = document["publication"]
    out.print(f"  published: {published['day']}, version {published['version']}")


def _print_heard(connections: Connections) -> None:
    """Prints what ASR transcribed, by what and how fast, and a sentence of it."""
    columns = ("episode_id", "engine", "audio_s", "segments")
    heard = connections.lake.read(TRANSCRIPTS.name, "source = 'asr'", columns).to_pylist()
    if not heard:
        return
    engine = heard[0]["engine"]
    minutes = sum(row["audio_s"] for row in heard) / 60
    factor = connections.asr_results.real_time_factor(engine)
    speed = f", {1 / factor:.0f} times as fast as speech" if factor else ""
    longest = max((s["text"] for row in heard for s in row["segments"]), key=len)
    out.print()
    out.print("Speech recognition", style="bold")
    out.print(f"  {len(heard)} episodes, {minutes:.1f} minutes of audio, by {engine}{speed}")
    out.print(line(f'  heard: "{longest}"'))


def _print_lists(connections: Connections) -> None:
    out.print()
    out.print(line(("Three listeners", "bold"), ": a heavy one, the fan of one show, a newcomer"))
    for user in ("listener-0001", "listener-0002", "somebody-new"):
        print_recommendations(recommendations(connections, user, 3))
