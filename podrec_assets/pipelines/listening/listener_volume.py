"""How many events of a listener and day do not count, because there are too many of them."""

from datetime import date

import pyarrow as pa

from podrec_assets.schemas import USER_EVENTS
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import Lake, on_days

EXCESS = """
SELECT event_day, user_id, COUNT(DISTINCT event_id) - $bound AS excess
FROM events SEMI JOIN capped ON event_day = day AND events.user_id = capped.user_id
GROUP BY ALL HAVING excess > 0
"""


def excess_events(lake: Lake, capped: pa.Table, bound: int) -> dict[tuple[date, str], int]:
    """Returns the number of events beyond the bound by day and listener.

    Args:
        lake: has USER_EVENTS.
        capped: `day` and `user_id` of the rows to look up.
        bound: distinct events of a listener that count on a day.
    """
    if not capped.num_rows:
        return {}
    events = lake.read_equal(
        USER_EVENTS.name,
        "user_id",
        capped["user_id"].unique().to_pylist(),
        ("event_day", "user_id", "event_id"),
        on_days(capped["day"].to_pylist(), "event_day"),
    )
    found = duckdb.query(EXCESS, {"events": events, "capped": capped}, {"bound": bound})
    return {(r["event_day"], r["user_id"]): r["excess"] for r in found.to_pylist()}
