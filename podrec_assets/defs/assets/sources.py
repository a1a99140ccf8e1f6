"""Content group: the feeds that podrec follows. Materializing the asset polls them."""

from collections import Counter

import dagster as dg
import pyarrow.compute as pc

from podrec_assets.content.feeds.source import STATUSES
from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.partitions import run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_polling import poll_due
from podrec_assets.schemas import SOURCES


@table_asset(SOURCES, group_name="content", kinds={"deltalake", "kafka"})
def sources(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """One row is one feed followed on the day, with its health and validators after the last poll.

    Materializing today polls the feeds that are due, as the sensor `due_sources` requests, and
    announces their new and changed episodes on `episode-metadata`. A feed that fails becomes a dead
    letter and a row with the reason.

    - Write: replaces the day.
    - Late data: a past day is never polled again. If it was not written, it gets the feeds as the
      day before left them.
    - Fails when Kafka cannot be reached.
    """
    days = run_days(context)
    polled = poll_due(connections, days, connections.now())
    rows, metadata = written(context, connections.lake, SOURCES, days)
    statuses = Counter(rows.filter(pc.equal(rows["day"], days[-1]))["status"].to_pylist())
    return dg.MaterializeResult(
        metadata=metadata
        | {
            "polled_count": len(polled),
            "unchanged_count": sum(r.is_unchanged for r in polled),
            "failed_poll_count": sum(bool(r.error) for r in polled),
            "produced_count": sum(r.produced_count for r in polled),
            "dead_letter_count": sum(r.dead_letter_count for r in polled),
            **{f"{status}_count": statuses[status] for status in STATUSES},
        }
    )
