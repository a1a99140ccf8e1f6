"""Tables of the content group: sources, episodes, transcripts, vectors."""

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
    "one feed that podrec followed on the day, as its last poll of the day left it",
    ("feed_url",),
    pa.schema(
        [
            DAY,
            column(
                "feed_url",
                pa.string(),
                "Address under which the feed was added; ids of its episodes hang on it.",
            ),
            column("added_at", UTC_TIMESTAMP, "When it was added."),
            column("next_poll_at", UTC_TIMESTAMP, "When it is asked again."),
            column("status", pa.string(), "active, failing or dead (no longer asked)."),
            column(
                "moved_to",
                pa.string(),
                "Where permanent redirects led to, if the feed is fetched there.",
            ),
            column("show_id", pa.string(), "Show of the feed; null before the first success."),
            column("show_title", pa.string(), "Title of the show."),
            column(
                "etag", pa.string(), "ETag of the last answer, for the next conditional request."
            ),
            column(
                "modified",
                pa.string(),
                "Last-Modified of the last answer, for the next conditional request.",
            ),
            column("last_polled_at", UTC_TIMESTAMP, "Last poll."),
            column(
                "last_success_at", UTC_TIMESTAMP, "Last poll that found the feed, changed or not."
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
                "last_error", pa.string(), "The last failure in a sentence; null after a success."
            ),
            column(
                "episode_count",
                pa.int32(),
                "Usable episodes that the feed held when it last changed.",
            ),
            column(
                "announced_count", pa.int64(), "Announcements produced from it since it was added."
            ),
            column(
                "dead_letter_count",
                pa.int32(),
                "Items of it that could not be used when it last changed.",
            ),
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
            column("guid", pa.string(), "Guid as the feed gives it."),
            column("feed_url", pa.string(), "Feed that announced it."),
            column("link", pa.string(), "Web page of the episode."),
            column("image_url", pa.string(), "Artwork of the episode or its show."),
            column("published_at", UTC_TIMESTAMP, "Publication time that the feed gives."),
            column("duration_s", pa.float64(), "Length in seconds that the feed gives."),
            column("language", pa.string(), "Primary language subtag, lower case."),
            column("season", pa.int32(), "Season number, if the feed has one."),
            column("episode_number", pa.int32(), "Episode number, if the feed has one."),
            column(
                "is_serial", pa.bool_(), "The show is to be heard in order (itunes:type serial)."
            ),
            column("audio_url", pa.string(), "Enclosure."),
            column("audio_type", pa.string(), "MIME type of the enclosure."),
            column(
                "audio_bytes", pa.int64(), "Length of the enclosure in bytes that the feed gives."
            ),
            column(
                "transcripts",
                pa.list_(TRANSCRIPT_LINK),
                "Publisher transcripts that the feed links.",
            ),
            column(
                "content_hash",
                pa.string(),
                "sha256 of the announcement: changes when the publisher changes it.",
            ),
            *KAFKA,
        ]
    ),
)

TRANSCRIPTS = Table(
    "transcripts",
    "one episode of the day, whatever became of its transcript",
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
                "Why there is no text, or why it is not trusted; null when ok.",
            ),
            column("source", pa.string(), "publisher or asr; null when there is no text."),
            column("engine", pa.string(), "Parser or ASR engine with its version, e.g. vtt/1."),
            column("source_url", pa.string(), "Where the transcript or audio came from."),
            column("language", pa.string(), "Primary language subtag."),
            column("text", pa.string(), "Whole text."),
            column("segments", pa.list_(SEGMENT), "Timed segments in order."),
            column("word_count", pa.int64(), "Words of the text."),
            column(
                "audio_s",
                pa.float64(),
                "Seconds of audio that ASR heard; null for publisher transcripts.",
            ),
            column(
                "confidence",
                pa.float64(),
                "Mean confidence that the ASR engine gives, 0 to 1; compare only within an engine.",
            ),
            column(
                "is_low_quality",
                pa.bool_(),
                "Made by the offline fallback: good enough to find, not to read.",
            ),
            column("attempts", pa.int32(), "Attempts that failed so far, for these inputs."),
            column(
                "next_attempt_at",
                UTC_TIMESTAMP,
                "When a failed row is due again; null when its reason is final.",
            ),
            column(
                "input_hash",
                pa.string(),
                "What the row was made from: same hash, same row, no new work.",
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
            column("start_s", pa.float64(), "Where the chunk starts, seconds."),
            column("end_s", pa.float64(), "Where the chunk ends, seconds."),
            column("text", pa.string(), "Text that was encoded."),
            column("token_count", pa.int32(), "Tokens that reached the encoder."),
            column(
                "left_out_token_count",
                pa.int32(),
                "Tokens of repeated intros and the like left out at this place.",
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
