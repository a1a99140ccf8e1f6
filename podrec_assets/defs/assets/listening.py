"""Listening group: events from Kafka, then daily scores, then the ALS lists."""

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.assets.decorators import collection_asset, table_asset
from podrec_assets.defs.assets.kafka_topics import user_events_topic
from podrec_assets.defs.automation import FACTS, MODELS
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.io_managers.mongo import DailyDocs
from podrec_assets.defs.partitions import HISTORY, LATE, run_days
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.ledger.lateness import COMPUTED_FROM, COMPUTED_FROM_TOPIC
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.pipelines.compute_engine import build_engine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.recommend.interaction_history import history_of_window
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.schemas import ALS_TOP_N, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores.delta import between

GROUP = "listening"
EVENT_KEY = ["event_day", "user_id", "event_id"]
"""What makes two records the same event."""


@table_asset(
    USER_EVENTS,
    group_name=GROUP,
    deps=[user_events_topic],
    kinds={"deltalake", "kafka", "spark"},
)
def user_events(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
) -> dg.MaterializeResult:
    """One row is one valid Kafka record of `user-events`, on the day on which Kafka logged it.

    The key is (kafka_partition, kafka_offset). PODREC_ENGINE chooses whether Spark Structured
    Streaming lands the records or this process does. Malformed records become dead letters.

    - Write: appends all unlanded records of the topic, not only those of the days. Days that had
      landed completely are replayed: read again by their offsets and replaced. Where retention has
      removed their records, they are restored from the table's history.
    - Late data: a late event lands today; it keeps its own event_day and is flagged.
    - Fails when offsets were lost before they landed.
    """
    days = run_days(context)
    lake, kafka, settings = connections.lake, connections.kafka, connections.settings
    engine = build_engine(settings, lambda: spark.session(settings))
    reader = engine.event_reader(lake, kafka, settings)
    landing = EventLanding(lake, kafka, settings, connections.now().date(), reader)
    landed = landing.run(days)
    for day in sorted(landed.log_days - set(days)):
        context.log_event(dg.AssetMaterialization(USER_EVENTS.name, partition=str(day)))
    _, metadata = written(context, lake, USER_EVENTS, days)
    return dg.MaterializeResult(
        metadata=metadata
        | {
            "dead_letter_count": landed.dead_count,
            "unreadable_count": landed.unreadable_count,
            "new_row_count": landed.row_count,
            "landed_offsets": json_by_partition(landed.ledger.landed),
            "event_days_touched": [str(d) for d in sorted(landed.event_days)],
        }
    )


@table_asset(
    USER_VS_EPISODE_DAILY,
    group_name=GROUP,
    deps=[dg.AssetDep(USER_EVENTS.name, partition_mapping=LATE)],
    kinds={"deltalake", "spark"},
    automation_condition=FACTS,
)
def user_vs_episode_daily(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
) -> dg.MaterializeResult[pa.Table]:
    """One row is one listener and episode on the day of the events: score and counts.

    Computed from every row of `user_events` with that event day, whenever it landed. An event_id
    that a listener repeats counts once. The last like or unlike is the state, and repeating it
    changes nothing. Of a listener's events, the first `listener_events_per_day` count.

    - Write: replaces the day.
    - Late data: the sensor `late_events` requests the days whose late events landed afterwards.
    - Fails when the events have not been landed up to the day.
    """
    days, lake, settings = run_days(context), connections.lake, connections.settings
    ledger = lake.ledger(USER_EVENTS.name)
    engine = build_engine(settings, lambda: spark.session(settings))
    rows = engine.daily_score(lake, settings, days)
    where = between(days[0], days[-1], "event_day")
    events = lake.read(USER_EVENTS.name, where, EVENT_KEY)
    distinct_count = events.group_by(EVENT_KEY).aggregate([]).num_rows
    return dg.MaterializeResult(
        value=rows,
        metadata={
            "listener_count": len(rows["user_id"].unique()),
            "repeated_event_count": events.num_rows - distinct_count,
            COMPUTED_FROM: json_by_partition(ledger.landed),
            COMPUTED_FROM_TOPIC: ledger.topic_id,
        },
    )


@collection_asset(
    ALS_TOP_N,
    group_name=GROUP,
    pool="spark",
    kinds={"mongodb", "spark"},
    automation_condition=MODELS,
    ins={"user_vs_episode_daily": dg.AssetIn(partition_mapping=HISTORY)},
)
def als_top_n(
    context: dg.AssetExecutionContext,
    connections: dg.ResourceParam[Connections],
    spark: SparkResource,
    user_vs_episode_daily: pa.Table,
) -> DailyDocs:
    """One document is one listener's top episodes by ALS, as of the end of the day.

    Heard and unliked episodes are left out. A day with an empty history has no documents.

    - Write: a new version.
    - Late data: counts from the next version, which reads the whole history window again.
    - Fails when a day of the history window was never written.
    """
    settings, documents = connections.settings, DailyDocs()
    engine = build_engine(settings, lambda: spark.session(settings))
    for day in run_days(context):
        history = history_of_window(user_vs_episode_daily, day, settings)
        config = AlsConfig.from_settings(settings)
        documents[day] = list(
            top_n(engine.fit_als(history.matrix, config), history, config, settings.als_top_n)
        )
    return documents
