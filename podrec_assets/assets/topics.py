"""The two Kafka topics as external assets: podrec reads them, others write them. Sensors report their offsets and lag."""

import dagster as dg

TOPICS_GROUP = "topics"
OWNERS = ["team:podrec"]

episode_metadata_topic = dg.AssetSpec(
    "episode_metadata_topic",
    description="Kafka topic `episode-metadata`. One record is one episode announcement, key: episode id. Written by "
    "`podrec ingest`.",
    group_name=TOPICS_GROUP,
    kinds={"kafka"},
    owners=OWNERS,
)
user_events_topic = dg.AssetSpec(
    "user_events_topic",
    description="Kafka topic `user-events`. One record is one listening event, key: user id. Written by players, the "
    "dashboard, `podrec produce` and `podrec simulate`.",
    group_name=TOPICS_GROUP,
    kinds={"kafka"},
    owners=OWNERS,
)
TOPICS = [episode_metadata_topic, user_events_topic]
