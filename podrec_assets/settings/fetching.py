"""Settings of fetching: what may be fetched, how much, and for how long."""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import ACCESS, LIMITS, RESULTS, SPEED, HostPorts


class FetchingSettings(BaseModel):
    """Fetching."""

    fetch_allow: HostPorts = Field(
        "",
        description="host:port,... of private or loopback origins that may be fetched.",
        json_schema_extra=ACCESS,
    )
    fetch_timeout_s: float = Field(
        30,
        gt=0,
        description="Seconds that one fetch may take, redirects included.",
        json_schema_extra=LIMITS,
    )
    feed_max_bytes: int = Field(
        10_000_000,
        gt=0,
        description="Largest feed or transcript, in bytes after decompression.",
        json_schema_extra=RESULTS,
    )
    audio_max_bytes: int = Field(
        500_000_000,
        gt=0,
        description="Largest audio file, in bytes.",
        json_schema_extra=RESULTS,
    )
    audio_timeout_s: float = Field(
        1800,
        gt=0,
        description="Seconds that one audio download may take, redirects included.",
        json_schema_extra=LIMITS,
    )
    audio_disk_bytes: int = Field(
        20_000_000_000,
        gt=0,
        description="Bytes that HOME/audio may hold; the least recently used files are deleted.",
        json_schema_extra=LIMITS,
    )
    downloads_parallel: int = Field(
        4, ge=1, le=64, description="Audio downloads at a time.", json_schema_extra=SPEED
    )
    downloads_per_host: int = Field(
        2,
        ge=1,
        le=64,
        description="Audio downloads at a time from one host.",
        json_schema_extra=SPEED,
    )
    downloads_gap_s: float = Field(
        1.0,
        ge=0,
        description="Seconds between the starts of two downloads from one host.",
        json_schema_extra=SPEED,
    )

    @property
    def allowed_origins(self) -> frozenset[str]:
        """host:port of the private origins that may be fetched, in lower case."""
        return frozenset(filter(None, (p.strip().lower() for p in self.fetch_allow.split(","))))
