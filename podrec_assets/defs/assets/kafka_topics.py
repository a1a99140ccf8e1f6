"""The two Kafka topics as external assets. The offset sensors report their end offsets and lag."""

from datetime import timedelta

import dagster as dg

from podrec_assets.defs.assets.decorators import OWNERS
from podrec_assets.defs.freshness import quiet_at_most
from podrec_assets.schemas import SOURCES

episode_metadata_topic = dg.AssetSpec(
    "episode_metadata_topic",
    description="Kafka topic `episode-metadata`. One record is one announcement of an episode, and "
    "its key is the episode id. `podrec ingest` and the polls of `sources` write it.",
    deps=[SOURCES.name],
    group_name="content",
    freshness_policy=quiet_at_most(warn=timedelta(days=7), fail=timedelta(days=14)),
    kinds={"kafka"},
    owners=OWNERS,
)
user_events_topic = dg.AssetSpec(
    "user_events_topic",
    description="Kafka topic `user-events`. One record is one listening event, and its key is the "
    "user id. Players, the dashboard, `podrec produce` and `podrec simulate` write it.",
    group_name="listening",
    freshness_policy=quiet_at_most(warn=timedelta(days=1), fail=timedelta(days=3)),
    kinds={"kafka"},
    owners=OWNERS,
)
TOPICS = [episode_metadata_topic, user_events_topic]
