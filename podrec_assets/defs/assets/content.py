"""Content group: announcements to episodes, then chunk vectors, then nearest neighbours."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.content.similarity.nearest_neighbours import similarities as find_similarities
from podrec_assets.content.similarity.vectors import embed_transcripts, embedding_version
from podrec_assets.day_windows import catalogue
from podrec_assets.defs.assets.decorators import collection_asset, table_asset
from podrec_assets.defs.assets.kafka_topics import episode_metadata_topic
from podrec_assets.defs.automation import FACTS, MODELS
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.io_managers.mongo import DailyDocs
from podrec_assets.defs.partitions import CATALOGUE, run_days
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.embedding_inputs import (
    encoded_before,
    logged,
    recurring_of_shows,
)
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.spark_workers import SparkEncoder, choose_encoder
from podrec_assets.schemas import EPISODES, SIMILARITIES, VECTORS
from podrec_assets.settings import Settings

GROUP = "content"


@table_asset(
    EPISODES,
    group_name=GROUP,
    deps=[episode_metadata_topic],
    kinds={"deltalake", "kafka"},
)
def episodes(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """One row is one episode as announced on its log day; the day's last announcement wins.

    Reads exactly the day's offsets of the topic. Unusable records become dead letters.

    - Write: replaces the day. Earlier days that are not landed yet land too and are reported.
    - Late data: none; an announcement belongs to the day on which Kafka logged it.
    - Fails when the topic has lost offsets that were not landed.
    """
    settings, days = connections.settings, run_days(context)
    landed = land_episodes(
        connections.lake, connections.kafka, settings, days, connections.now().date()
    )
    for day, count in landed.rows_by_day.items():
        if day not in days:
            context.log_event(
                dg.AssetMaterialization(
                    EPISODES.name, partition=str(day), metadata={"row_count": count}
                )
            )
    _, metadata = written(context, connections.lake, EPISODES, days)
    return dg.MaterializeResult(
        metadata=metadata
        | {
            "dead_letter_count": landed.dead_count,
            "unreadable_count": landed.unreadable_count,
            "landed_offsets": json_by_partition(landed.ledger.landed),
        }
    )


@table_asset(
    VECTORS,
    group_name=GROUP,
    kinds={"deltalake", "huggingface"},
    automation_condition=FACTS,
    deps=[EPISODES.name],
)
def vectors(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
    transcripts: pa.Table,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one chunk of a transcript with its time span and unit vector.

    Text that a show repeats from episode to episode, found in the transcripts of its other days, is
    left out and counted. Every other token reaches the encoder (check `every_token_is_encoded`).
    Each row has the embedding version: after a change of model, precision or chunk size, backfill
    all days to make their vectors comparable. Episodes without text have no rows.

    - Write: replaces the day. A chunk with unchanged text and embedding version keeps its vector.
    - Late data: a changed transcript makes its day due again; only its changed chunks are encoded.
    - Fails when the day's transcripts were never written.
    """
    settings, chunk_tokens = connections.settings, connections.settings.chunk_tokens
    encoder = choose_encoder(settings, connections.encoder, lambda: spark.session(settings))
    version = embedding_version(encoder, chunk_tokens)
    known = encoded_before(connections.lake, transcripts, version)
    recurring = recurring_of_shows(connections.lake, transcripts)
    table = embed_transcripts(
        transcripts, encoder, chunk_tokens, recurring, known, logged(context.log.info)
    )
    reused = sum(text in known for text in table["text"].to_pylist())
    return dg.MaterializeResult(
        value=table,
        metadata={
            "embedding_version": version,
            "encoded_chunk_count": len(table) - reused,
            "reused_chunk_count": reused,
            "token_count": pc.sum(table["token_count"]).as_py() or 0,
            "left_out_token_count": pc.sum(table["left_out_token_count"]).as_py() or 0,
            **(
                {"batches_by_place": dict(encoder.places)}
                if isinstance(encoder, SparkEncoder)
                else {}
            ),
        },
    )


@collection_asset(
    SIMILARITIES,
    group_name=GROUP,
    kinds={"mongodb", "scikitlearn"},
    automation_condition=MODELS,
    ins={
        "vectors": dg.AssetIn(partition_mapping=CATALOGUE),
        "episodes": dg.AssetIn(partition_mapping=CATALOGUE),
    },
)
def similarities(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    vectors: pa.Table,
    episodes: pa.Table,
) -> DailyDocs:
    """One document is one episode's nearest neighbours at the end of the day.

    Each neighbour has the pair of chunks that shows why. Episodes without a transcript have no
    document and never appear as neighbours.

    - Write: a new version.
    - Late data: the next day's version reads the whole catalogue window again, so older episodes
      gain newer neighbours.
    - Fails when the window has vectors of several embedding versions.
    """
    window, neighbours = Settings.catalogue_days, connections.settings.neighbours
    return {
        day: find_similarities(
            catalogue(vectors, day, window), catalogue(episodes, day, window), neighbours
        )
        for day in run_days(context)
    }
