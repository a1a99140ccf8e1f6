"""The check of the chunk vectors: no token of a transcript is lost between the text and the
encoder.
"""

import dagster as dg
import pyarrow.compute as pc

from podrec_assets.content.similarity.vectors import lost_tokens
from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.pipelines.connections import Connections

SHOWN = 20


@dg.asset_check(
    asset="vectors",
    blocking=True,
    description="Counted anew, each transcript of the days has as many tokens as its chunks together and what was left out as "
    "repeated; no chunk is longer than the encoder reads. A failure means that text was cut off in silence.",
)
def every_token_is_encoded(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake = connections.lake
    first, last = days_of_run(context, lake.state("vectors").latest_day)
    days = f"day >= '{first}' AND day <= '{last}'"
    transcripts = lake.read("transcripts", days, ("day", "episode_id", "status", "segments"))
    columns = ("day", "episode_id", "text", "token_count", "left_out_token_count")
    rows = lake.read("vectors", days, columns)
    faults, expected = lost_tokens(
        transcripts, rows, connections.encoder, connections.settings.chunk_tokens
    )
    left_out = pc.sum(rows["left_out_token_count"]).as_py() or 0
    return dg.AssetCheckResult(
        passed=not faults,
        metadata={
            "token_count": expected,
            "left_out_token_count": left_out,
            "left_out_share": left_out / expected if expected else 0.0,
            "faults": faults[:SHOWN],
        },
    )
