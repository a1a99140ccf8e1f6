"""Settings of the followed feeds and of PodcastIndex."""

from pydantic import BaseModel, Field, SecretStr

from podrec_assets.settings.fields import ACCESS, LIMITS, PLACE, RESULTS, SPEED


class FeedSettings(BaseModel):
    """Feeds."""

    poll_interval_s: float = Field(
        3600,
        ge=60,
        description="Seconds between two polls of a feed; doubled after each failure.",
        json_schema_extra=LIMITS,
    )
    poll_longest_s: float = Field(
        86_400,
        ge=60,
        description="Longest wait between two polls of a failing feed, in seconds.",
        json_schema_extra=LIMITS,
    )
    poll_dead_after: int = Field(
        12,
        ge=1,
        description="Consecutive failed polls after which a feed is dead. HTTP 410 makes it dead "
        "at once.",
        json_schema_extra=LIMITS,
    )
    polls_parallel: int = Field(
        8,
        ge=1,
        le=64,
        description="Feeds fetched at a time, at most two of them from one host.",
        json_schema_extra=SPEED,
    )
    withdraw_after_polls: int = Field(
        3,
        ge=1,
        description="Polls in a row that do not list an episode, although they list older ones, "
        "after which it is withdrawn.",
        json_schema_extra=RESULTS,
    )
    withdraw_after_days: int = Field(
        3,
        ge=1,
        description="Days on which an episode's audio answers 404 or 410, after which it is "
        "withdrawn.",
        json_schema_extra=RESULTS,
    )
    audio_checks_per_day: int = Field(
        200,
        ge=0,
        description="Most recommended episodes whose audio is checked each day; 0 checks none.",
        json_schema_extra=LIMITS,
    )
    feed_pages: int = Field(
        20,
        ge=1,
        description="Most pages of a paged feed (RFC 5005) that are read; more are reported.",
        json_schema_extra=RESULTS,
    )
    feed_read_s: float = Field(
        120,
        gt=0,
        description="Seconds that reading one feed may take, with all its pages.",
        json_schema_extra=LIMITS,
    )
    podcastindex_key: SecretStr = Field(
        SecretStr(""), description="Key of the PodcastIndex API.", json_schema_extra=ACCESS
    )
    podcastindex_secret: SecretStr = Field(
        SecretStr(""), description="Secret of the PodcastIndex API.", json_schema_extra=ACCESS
    )
    podcastindex_url: str = Field(
        "https://api.podcastindex.org/api/1.0",
        description="Base URL of the PodcastIndex API.",
        json_schema_extra=PLACE,
    )
