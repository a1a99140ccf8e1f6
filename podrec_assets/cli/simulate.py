"""`podrec simulate`: events of simulated listeners."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.pipelines.listening.event_simulation import simulate_events, simulate_load


def simulate(
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="Days of listening, ending today.")
    ] = 14,
    users: Annotated[int, typer.Option("--users", min=1, help="Number of listeners.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same events.")] = 7,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.1, help="Events per second of a live load, not a history."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, help="Duration of the live load.")
    ] = 60,
    as_json: Json = False,
) -> None:
    """Produce events of simulated listeners to Kafka: a history, or a live load.

    The listeners play the known episodes. A history has timestamps in the past; with --rate the
    events happen now.

    Example: podrec simulate --days 14 --users 200
    """
    if rate is not None:
        document = simulate_load(connect(), days, users, seed, rate, seconds, say)
        text = (
            f"{document['produced_count']} events produced in {document['seconds']} s: "
            f"{document['rate_reached']} per second"
        )
    else:
        document = simulate_events(connect(), days, users, seed, datetime.now(UTC), say)
        text = f"{document['produced_count']} events of {users} listeners over {days} days produced"
    emit(document, as_json, lambda _: out.print(text))
