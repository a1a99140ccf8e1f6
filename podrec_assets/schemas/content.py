"""Tables of the content group: sources, withdrawals, episodes, transcripts, vectors."""

import pyarrow as pa

from podrec_assets.schemas.table import DAY, EPISODE, KAFKA, SHOW, UTC_TIMESTAMP, Table, column

TRANSCRIPT_LINK = pa.struct(
    [("url", pa.string()), ("type", pa.string()), ("language", pa.string()), ("rel", pa.string())]
)
SEGMENT = pa.struct(
    [
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("speaker", pa.string()),
        ("text", pa.string()),
    ]
)

SOURCES = Table(
    "sources",
    "one feed followed on the day, in its state after the day's last poll",
    ("feed_url",),
    pa.schema(
        [
            DAY,
            column(
                "feed_url",
                pa.string(),
                "Address under which the feed was added; its episode ids derive from it.",
            ),
            column("added_at", UTC_TIMESTAMP, "When it was added."),
            column("next_poll_at", UTC_TIMESTAMP, "When it is polled next."),
            column("status", pa.string(), "active, failing or dead (no longer polled)."),
            column(
                "moved_to",
                pa.string(),
                "Target of permanent redirects or of itunes:new-feed-url, if it is fetched there.",
            ),
            column("show_id", pa.string(), "Show of the feed; null before the first success."),
            column("show_title", pa.string(), "Title of the show."),
            column(
                "etag", pa.string(), "ETag of the last response, for the next conditional request."
            ),
            column(
                "modified",
                pa.string(),
                "Last-Modified of the last response, for the next conditional request.",
            ),
            column("last_polled_at", UTC_TIMESTAMP, "Last poll."),
            column(
                "last_success_at", UTC_TIMESTAMP, "Last poll that got the feed, changed or not."
            ),
            column(
                "last_changed_at", UTC_TIMESTAMP, "Last poll that found new or changed episodes."
            ),
            column("failure_count", pa.int32(), "Failed polls since the last success."),
            column(
                "last_reason",
                pa.string(),
                "Code of the last failure, e.g. http_404; null after a success.",
            ),
            column(
                "last_error", pa.string(), "The last failure as a sentence; null after a success."
            ),
            column(
                "episode_count",
                pa.int32(),
                "Usable episodes in the feed when it last changed.",
            ),
            column("announced_count", pa.int64(), "Episodes announced from it since it was added."),
            column(
                "dead_letter_count",
                pa.int32(),
                "Unusable items in it when it last changed.",
            ),
        ]
    ),
)

WITHDRAWALS = Table(
    "withdrawals",
    "one record of the day about whether an episode or a show may be listed",
    ("target_id", "source", "recorded_at"),
    pa.schema(
        [
            DAY,
            column("target_id", pa.string(), "The episode, or the show with all its episodes."),
            column("source", pa.string(), "What recorded it: person, feed or audio."),
            column("recorded_at", UTC_TIMESTAMP, "When it was recorded."),
            column(
                "action",
                pa.string(),
                "withdrawn, missed (not found, but not often enough to withdraw it) or returned.",
            ),
            column("reason", pa.string(), "Why, as a sentence."),
        ]
    ),
)

EPISODES = Table(
    "episodes",
    "one episode as announced that log day (the last announcement of the day wins)",
    ("episode_id",),
    pa.schema(
        [
            DAY,
            EPISODE,
            SHOW,
            column("show_title", pa.string(), "Title of the show."),
            column("title", pa.string(), "Title of the episode."),
            column("description", pa.string(), "Description as plain text."),
            column("guid", pa.string(), "Guid in the feed."),
            column("feed_url", pa.string(), "Feed that announced it."),
            column("link", pa.string(), "Web page of the episode."),
            column("image_url", pa.string(), "Artwork of the episode or its show."),
            column("published_at", UTC_TIMESTAMP, "Publication time in the feed."),
            column("duration_s", pa.float64(), "Length in seconds, from the feed."),
            column("language", pa.string(), "Primary language subtag, lower case."),
            column("season", pa.int32(), "Season number, if the feed has one."),
            column("episode_number", pa.int32(), "Episode number, if the feed has one."),
            column("is_serial", pa.bool_(), "Episodes build on each other (itunes:type serial)."),
            column("audio_url", pa.string(), "Address of the enclosure."),
            column("audio_type", pa.string(), "MIME type of the enclosure."),
            column("audio_bytes", pa.int64(), "Bytes of the enclosure, from the feed."),
            column(
                "transcripts",
                pa.list_(TRANSCRIPT_LINK),
                "Publisher transcripts linked by the feed.",
            ),
            column(
                "content_hash",
                pa.string(),
                "sha256 of the announcement: changes with the publisher's data.",
            ),
            *KAFKA,
        ]
    ),
)

TRANSCRIPTS = Table(
    "transcripts",
    "one episode of the day, with or without a transcript",
    ("episode_id",),
    pa.schema(
        [
            DAY,
            EPISODE,
            column(
                "status", pa.string(), "ok, quarantined, failed, no_audio, no_model or over_budget."
            ),
            column(
                "reason",
                pa.string(),
                "Why there is no text, or why it is not trusted; when ok, what was left out.",
            ),
            column("source", pa.string(), "publisher or asr; null when there is no text."),
            column("engine", pa.string(), "Parser or ASR engine with its version, e.g. vtt/1."),
            column("source_url", pa.string(), "Address of the transcript or audio."),
            column("language", pa.string(), "Primary language subtag."),
            column("text", pa.string(), "Whole text."),
            column("segments", pa.list_(SEGMENT), "Timed segments in order."),
            column("word_count", pa.int64(), "Words of the text."),
            column(
                "audio_s",
                pa.float64(),
                "Seconds of audio that ASR transcribed; null for publisher transcripts.",
            ),
            column(
                "confidence",
                pa.float64(),
                "Mean confidence of the ASR engine, 0 to 1; comparable only within an engine.",
            ),
            column(
                "is_low_quality",
                pa.bool_(),
                "Made by pocketsphinx, in a lake of podrec 0.1: replaced by the next run.",
            ),
            column("attempts", pa.int32(), "Failed attempts so far for these inputs."),
            column(
                "next_attempt_at",
                UTC_TIMESTAMP,
                "When a failed row is retried; null if the failure is final.",
            ),
            column(
                "input_hash",
                pa.string(),
                "Hash of the row's inputs: as long as it is the same, the row is kept.",
            ),
        ]
    ),
)

VECTORS = Table(
    "vectors",
    "one chunk of a transcript with its time span and unit vector",
    ("episode_id", "chunk"),
    pa.schema(
        [
            DAY,
            EPISODE,
            column("chunk", pa.int32(), "Number of the chunk in its episode, from 0."),
            column("start_s", pa.float64(), "Start of the chunk, seconds."),
            column("end_s", pa.float64(), "End of the chunk, seconds."),
            column("text", pa.string(), "Text that was encoded."),
            column("token_count", pa.int32(), "Tokens that reached the encoder."),
            column(
                "left_out_token_count",
                pa.int32(),
                "Tokens of recurring text (intros, ads) removed here.",
            ),
            column("vector", pa.list_(pa.float32()), "Unit vector."),
            column(
                "embedding_version",
                pa.string(),
                "Model, revision, dimension, precision and chunker; versions are never compared.",
            ),
        ]
    ),
)
