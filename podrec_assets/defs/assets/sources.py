"""The feeds that podrec follows, and what was announced from them: the beginning of the content
group.
"""

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
    """One row is one feed that podrec followed on the day, as its last poll of that day left it:
    health and validators.

    Materializing today polls the feeds that are due (the sensor `due_sources` asks for it),
    announces their new and changed episodes on `episode-metadata` and replaces the day. A past day
    is never polled again: if it was not written, it gets the feeds as the day before it left them.
    A feed that fails is a dead letter and a row that says why, never a failed run; the run fails
    when Kafka cannot be reached.
    """
    days = run_days(context)
    polled = poll_due(connections, days, connections.now())
    rows, metadata = written(context, connections.lake, SOURCES, days)
    states = Counter(rows.filter(pc.equal(rows["day"], days[-1]))["status"].to_pylist())
    return dg.MaterializeResult(
        metadata=metadata
        | {
            "polled_count": len(polled),
            "unchanged_count": sum(r.is_unchanged for r in polled),
            "failed_poll_count": sum(bool(r.error) for r in polled),
            "produced_count": sum(r.produced_count for r in polled),
            "dead_letter_count": sum(r.dead_letter_count for r in polled),
            **{f"{status}_count": states[status] for status in STATUSES},
        }
    )
