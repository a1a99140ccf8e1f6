"""The two Kafka topics as external assets: podrec reads them, others write them. Sensors report
their offsets and lag.
"""

from datetime import timedelta

import dagster as dg

from podrec_assets.defs.freshness import quiet_at_most

OWNERS = ["team:podrec"]

episode_metadata_topic = dg.AssetSpec(
    "episode_metadata_topic",
    description="Kafka topic `episode-metadata`. One record is one episode announcement, key: episode id. Written by "
    "`podrec ingest` and by the polls of `sources`.",
    deps=["sources"],
    group_name="content",
    freshness_policy=quiet_at_most(warn=timedelta(days=7), fail=timedelta(days=14)),
    kinds={"kafka"},
    owners=OWNERS,
)
user_events_topic = dg.AssetSpec(
    "user_events_topic",
    description="Kafka topic `user-events`. One record is one listening event, key: user id. Written by players, the "
    "dashboard, `podrec produce` and `podrec simulate`.",
    group_name="listening",
    freshness_policy=quiet_at_most(warn=timedelta(days=1), fail=timedelta(days=3)),
    kinds={"kafka"},
    owners=OWNERS,
)
TOPICS = [episode_metadata_topic, user_events_topic]
