"""The checks of chunk vectors: every token was encoded, by one embedding version."""

from datetime import date

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.content.similarity.vectors import lost_tokens
from podrec_assets.defs.checks.run_days import run_filter
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS, VECTORS

SHOWN = 20


@dg.asset_check(
    asset=VECTORS.name,
    blocking=True,
    description="Each transcript of the run's days, counted again, has as many tokens as its "
    "chunks and its left-out text together. No chunk is longer than the encoder can read. A "
    "failure means that text was silently cut off.",
)
def every_token_is_encoded(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake = connections.lake
    where = run_filter(context, lake, VECTORS.name)
    transcripts = lake.read(TRANSCRIPTS.name, where, ("day", "episode_id", "status", "segments"))
    columns = ("day", "episode_id", "text", "token_count", "left_out_token_count")
    rows = lake.read(VECTORS.name, where, columns)
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


@dg.asset_check(
    asset=VECTORS.name,
    description="All vectors have one embedding version. Versions are never compared: after a "
    "change of model, materialize the days of other versions again.",
)
def one_embedding_version(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    rows = connections.lake.read(VECTORS.name, columns=("day", "embedding_version"))
    versions, other_days = embedding_versions(rows)
    return dg.AssetCheckResult(
        passed=len(versions) <= 1,
        metadata={
            "version_count": len(versions),
            "vectors_by_version": versions,
            "days_of_other_versions": [str(d) for d in other_days[:SHOWN]],
        },
    )


def embedding_versions(rows: pa.Table) -> tuple[dict[str, int], list[date]]:
    """(number of vectors by embedding version, days with vectors of any but the commonest one).

    Versions are ordered from the commonest to the rarest, days by date.
    """
    counted = pc.value_counts(rows["embedding_version"]).to_pylist()
    versions = {str(c["values"]): c["counts"] for c in sorted(counted, key=lambda c: -c["counts"])}
    other_days = sorted(
        {r["day"] for r in rows.to_pylist() if str(r["embedding_version"]) != next(iter(versions))}
    )
    return versions, other_days


CHECKS = [every_token_is_encoded, one_embedding_version]
