"""The one definition of every Delta table: columns, types, meaning. Docs, IO managers and tests read it.

Timestamps are UTC and tz-aware: a naive one would silently raise the Delta protocol. `day` is the partition.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Table:
    """A Delta table: its name, what one row is, its key within a day, and its columns with their meaning."""

    name: str
    grain: str
    key: tuple[str, ...]
    schema: pa.Schema

    def empty(self) -> pa.Table:
        """The table with no rows."""
        return self.schema.empty_table()

    def rows(self, rows: Iterable[dict]) -> pa.Table:
        """Rows as Arrow in this table's schema; absent columns are null. Raises pa.ArrowInvalid on a wrong type."""
        return pa.Table.from_pylist(list(rows), schema=self.schema)


def _column(name: str, kind: pa.DataType, meaning: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"comment": meaning})


_DAY = _column("day", pa.date32(), "Partition day, UTC.")
_EPISODE = _column("episode_id", pa.string(), "Episode, stable across polls and duplicate feeds.")
_SHOW = _column("show_id", pa.string(), "Show, stable across its feed's addresses.")
_KAFKA = [
    _column("kafka_topic", pa.string(), "Topic of the record."),
    _column("kafka_partition", pa.int32(), "Kafka partition of the record."),
    _column("kafka_offset", pa.int64(), "Offset of the record in its partition."),
    _column("recorded_at", UTC_TIMESTAMP, "Timestamp of the Kafka record."),
]
TRANSCRIPT_LINK = pa.struct([("url", pa.string()), ("type", pa.string()), ("language", pa.string()), ("rel", pa.string())])
SEGMENT = pa.struct([("start_s", pa.float64()), ("end_s", pa.float64()), ("speaker", pa.string()), ("text", pa.string())])

EPISODES = Table(
    "episodes",
    "one episode as announced that log day (the last announcement of the day wins)",
    ("episode_id",),
    pa.schema(
        [
            _DAY,
            _EPISODE,
            _SHOW,
            _column("show_title", pa.string(), "Title of the show."),
            _column("title", pa.string(), "Title of the episode."),
            _column("description", pa.string(), "Description as plain text."),
            _column("guid", pa.string(), "Guid as the feed gives it."),
            _column("feed_url", pa.string(), "Feed that announced it."),
            _column("link", pa.string(), "Web page of the episode."),
            _column("image_url", pa.string(), "Artwork of the episode or its show."),
            _column("published_at", UTC_TIMESTAMP, "Publication time that the feed gives."),
            _column("duration_s", pa.float64(), "Length in seconds that the feed gives."),
            _column("language", pa.string(), "Primary language subtag, lower case."),
            _column("season", pa.int32(), "Season number, if the feed has one."),
            _column("episode_number", pa.int32(), "Episode number, if the feed has one."),
            _column("is_serial", pa.bool_(), "The show is to be heard in order (itunes:type serial)."),
            _column("audio_url", pa.string(), "Enclosure."),
            _column("audio_type", pa.string(), "MIME type of the enclosure."),
            _column("audio_bytes", pa.int64(), "Length of the enclosure in bytes that the feed gives."),
            _column("transcripts", pa.list_(TRANSCRIPT_LINK), "Publisher transcripts that the feed links."),
            _column("content_hash", pa.string(), "sha256 of the announcement: changes when the publisher changes it."),
            *_KAFKA,
        ]
    ),
)

TRANSCRIPTS = Table(
    "transcripts",
    "one episode of the day, whatever became of its transcript",
    ("episode_id",),
    pa.schema(
        [
            _DAY,
            _EPISODE,
            _column("status", pa.string(), "ok, failed, no_audio, no_model or over_budget."),
            _column("reason", pa.string(), "Why there is no text; null when ok."),
            _column("source", pa.string(), "publisher or asr; null when there is no text."),
            _column("engine", pa.string(), "Parser or ASR engine with its version, e.g. vtt/1."),
            _column("source_url", pa.string(), "Where the transcript or audio came from."),
            _column("language", pa.string(), "Primary language subtag."),
            _column("text", pa.string(), "Whole text."),
            _column("segments", pa.list_(SEGMENT), "Timed segments in order."),
            _column("word_count", pa.int64(), "Words of the text."),
            _column("input_hash", pa.string(), "What the row was made from: same hash, same row, no new work."),
        ]
    ),
)

VECTORS = Table(
    "vectors",
    "one chunk of a transcript with its time span and unit vector",
    ("episode_id", "chunk"),
    pa.schema(
        [
            _DAY,
            _EPISODE,
            _column("chunk", pa.int32(), "Number of the chunk in its episode, from 0."),
            _column("start_s", pa.float64(), "Where the chunk starts, seconds."),
            _column("end_s", pa.float64(), "Where the chunk ends, seconds."),
            _column("text", pa.string(), "Text that was encoded."),
            _column("token_count", pa.int32(), "Tokens that reached the encoder."),
            _column("vector", pa.list_(pa.float32()), "Unit vector."),
            _column("embedding_version", pa.string(), "Model, revision, dimension and chunker; versions are never compared."),
        ]
    ),
)

USER_EVENTS = Table(
    "user_events",
    "one Kafka record that is a valid event",
    ("kafka_partition", "kafka_offset"),
    pa.schema(
        [
            _DAY,
            *_KAFKA,
            _column("event_id", pa.string(), "Id that the sender gave; a repeated one counts once."),
            _column("user_id", pa.string(), "Listener."),
            _EPISODE,
            _column("kind", pa.string(), "play, like, unlike, skip, impression or click."),
            _column(
                "completed_share",
                pa.float64(),
                "Share of the episode that was played, 0 to 1; plays only, null where only played_s is known.",
            ),
            _column("occurred_at", UTC_TIMESTAMP, "When it happened, by the sender's clock."),
            _column("event_day", pa.date32(), "UTC day of occurred_at."),
            _column("is_late", pa.bool_(), "The event came more than late_days after its own day."),
            _column("list_version", pa.string(), "Version of the list that the item was shown in."),
            _column("position", pa.int32(), "Rank at which it was shown, from 1."),
            _column("extra", pa.string(), "Unknown fields of the message, as JSON."),
        ]
    ),
)

USER_VS_EPISODE_DAILY = Table(
    "user_vs_episode_daily",
    "one listener and episode on the day the events happened",
    ("user_id", "episode_id"),
    pa.schema(
        [
            _DAY,
            _column("user_id", pa.string(), "Listener."),
            _EPISODE,
            _column("score", pa.float64(), "Sum of the event weights of the day's distinct event_ids."),
            _column("play_count", pa.int64(), "Plays."),
            _column("like_count", pa.int64(), "Likes."),
            _column("unlike_count", pa.int64(), "Unlikes."),
            _column("skip_count", pa.int64(), "Skips."),
            _column("impression_count", pa.int64(), "Times shown."),
            _column("click_count", pa.int64(), "Clicks."),
            _column("max_completed_share", pa.float64(), "Furthest play, 0 to 1; null without a play."),
            _column("last_at", UTC_TIMESTAMP, "Latest event."),
        ]
    ),
)

FUSION_WEIGHTS = Table(
    "fusion_weights",
    "one history-length bucket's share of ALS in the blend",
    ("bucket",),
    pa.schema(
        [
            _DAY,
            _column("bucket", pa.string(), "History length: 0, 1-4, 5-19 or 20+ episodes."),
            _column("min_history", pa.int32(), "Fewest heard episodes in the bucket."),
            _column("alpha", pa.float64(), "Share of ALS, 0 to 1."),
            _column("source", pa.string(), "default, or what it was calibrated on."),
            _column("user_count", pa.int64(), "Listeners in the bucket."),
            _column("curve", pa.string(), "JSON list of {alpha, ndcg, low, high} that the choice rests on; null without plays."),
        ]
    ),
)

RECOMMENDATION_QUALITY = Table(
    "recommendation_quality",
    "one metric of one ranker on the listening of the day that followed the list's inputs",
    ("ranker", "metric"),
    pa.schema(
        [
            _DAY,
            _column("ranker", pa.string(), "blend, als, content, popularity or random."),
            _column("metric", pa.string(), "ndcg@10, recall@10 or coverage."),
            _column("value", pa.float64(), "Value, 0 to 1."),
            _column("low", pa.float64(), "Lower end of the 95 % bootstrap interval."),
            _column("high", pa.float64(), "Upper end of the 95 % bootstrap interval."),
            _column("user_count", pa.int64(), "Listeners that the value rests on."),
        ]
    ),
)

DEAD_LETTERS = Table(
    "dead_letters",
    "one unusable record of any stage",
    ("stage", "source_key"),
    pa.schema(
        [
            _DAY,
            _column("stage", pa.string(), "Asset or command that met it."),
            _column(
                "source_key", pa.string(), "topic:partition:offset, feed address or episode id: unique in its stage and day."
            ),
            _column("reason", pa.string(), "Short code, e.g. not_json; groups in reports."),
            _column("detail", pa.string(), "One sentence on what exactly was wrong."),
            *_KAFKA,
            _column("payload", pa.binary(), "Raw bytes, at most 64 KiB of them."),
        ]
    ),
)

TABLES = {
    table.name: table
    for table in (
        EPISODES,
        TRANSCRIPTS,
        VECTORS,
        USER_EVENTS,
        USER_VS_EPISODE_DAILY,
        FUSION_WEIGHTS,
        RECOMMENDATION_QUALITY,
        DEAD_LETTERS,
    )
}
COLLECTIONS = ("als_top_n", "similarities", "final_recommendations")
"""Versioned Mongo collections: one document per (version, key); the key field is user_id or episode_id."""
COLLECTION_KEYS = {"als_top_n": "user_id", "similarities": "episode_id", "final_recommendations": "user_id"}
NEWCOMER = ""
"""user_id of the list that unknown listeners get in final_recommendations."""
