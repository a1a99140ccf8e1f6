"""Tables of the listening group: raw events and their daily score."""

import pyarrow as pa

from podrec_assets.schemas.event_kinds import EVENT_KINDS
from podrec_assets.schemas.table import DAY, EPISODE, KAFKA, UTC_TIMESTAMP, Table, column

HEARD_SHARE = 0.2
"""A play of at least this share makes an episode heard: it is never recommended again."""
FINISHED_SHARE = 0.8
"""A play past this share finishes an episode."""

USER_EVENTS = Table(
    "user_events",
    "one Kafka record that is a valid event",
    ("kafka_partition", "kafka_offset"),
    pa.schema(
        [
            DAY,
            *KAFKA,
            column(
                "event_id",
                pa.string(),
                "Id given by the sender; a listener's id that is repeated counts once.",
            ),
            column("user_id", pa.string(), "Listener."),
            EPISODE,
            column("kind", pa.string(), f"One of {', '.join(EVENT_KINDS)}."),
            column(
                "completed_share",
                pa.float64(),
                "Share that was played, 0 to 1; plays only, null where only played_s is known.",
            ),
            column("occurred_at", UTC_TIMESTAMP, "When it happened, by the sender's clock."),
            column("event_day", pa.date32(), "UTC day of occurred_at."),
            column("is_late", pa.bool_(), "Landed more than late_days after its own day."),
            column("list_version", pa.string(), "Version of the list that showed the episode."),
            column("position", pa.int32(), "Rank in that list, from 1."),
            column("extra", pa.string(), "Unknown fields of the message, as JSON."),
        ]
    ),
)

USER_VS_EPISODE_DAILY = Table(
    "user_vs_episode_daily",
    "one listener and episode on the day the events happened",
    ("user_id", "episode_id"),
    pa.schema(
        [
            DAY,
            column("user_id", pa.string(), "Listener."),
            EPISODE,
            column(
                "score",
                pa.float64(),
                "Sum of the weights of the day's distinct events; a repeated like adds nothing.",
            ),
            *(column(k.count_column, pa.int64(), k.counts) for k in EVENT_KINDS.values()),
            column(
                "max_completed_share", pa.float64(), "Furthest play, 0 to 1; null without a play."
            ),
            column("last_at", UTC_TIMESTAMP, "Latest event."),
            column(
                "is_liked",
                pa.bool_(),
                "Whether the day's last like or unlike is a like; null without one.",
            ),
            column(
                "is_capped",
                pa.bool_(),
                "The listener had more events that day than listener_events_per_day.",
            ),
        ]
    ),
)
