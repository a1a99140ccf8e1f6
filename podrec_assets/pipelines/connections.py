"""All that a run or a command talks to, opened on first use from the settings. Plain Python;
Dagster hands it to assets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from podrec_assets.content.similarity.encoder import Encoder, SentenceEncoder
from podrec_assets.pipelines.recommend.run_manifest import InputsRead
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets.stores.asr_results import Recognitions
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.http.download_cache import Downloads
from podrec_assets.stores.kafka import KafkaStore, security
from podrec_assets.stores.mongo import MongoStore
from podrec_assets.stores.podcastindex_api import PodcastIndex


def utc_now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


@dataclass
class Connections:
    """Stores of one process. Addresses of embedded services are looked up late, so a restarted
    service is found again.

    Attributes:
        settings: of this process.
        storage_options: of the lake, for deltalake.
        now: the clock of sensors and runs, which decides what today is; another one simulates days.
    """

    settings: Settings
    storage_options: dict[str, str]
    now: Callable[[], datetime] = utc_now
    pinned: dict[str, int] = field(default_factory=dict)
    """Delta versions to read instead of the latest ones, by table: a list is made again from what
    it was made of.
    """
    inputs: InputsRead = field(default_factory=InputsRead)
    """Versions that the inputs of assets were read at, for manifests."""
    _kafka: KafkaStore | None = field(default=None, init=False, repr=False, compare=False)
    _mongo: MongoStore | None = field(default=None, init=False, repr=False, compare=False)

    @cached_property
    def lake(self) -> Lake:
        return Lake(
            self.settings.lake_root,
            Path(self.settings.home) / "locks",
            self.storage_options,
            self.pinned,
        )

    @property
    def kafka(self) -> KafkaStore:
        """The store of the present address: kept, for its clients take longer to open than to ask."""
        address = supervisor.address(self.settings, "kafka")
        if self._kafka is None or self._kafka.bootstrap != address:
            self._kafka = KafkaStore(address, security.client_properties(self.settings))
        return self._kafka

    @property
    def mongo(self) -> MongoStore:
        """The store of the present address, kept as that of Kafka is."""
        address = supervisor.address(self.settings, "mongo")
        if self._mongo is None or self._mongo.uri != address:
            self._mongo = MongoStore(address, self.settings.mongo_database)
        return self._mongo

    @property
    def fetcher(self) -> Fetcher:
        """Fetches public addresses, the allow-listed private ones, and the embedded sample server."""
        allowed = set(self.settings.allowed_origins)
        samples = supervisor.status(self.settings)["samples"]
        if samples["up"]:
            allowed.add(samples["address"].removeprefix("http://"))
        limits = self.settings
        return Fetcher(
            frozenset(allowed),
            limits.fetch_timeout_s,
            limits.feed_max_bytes,
            limits.audio_timeout_s,
        )

    @property
    def downloads(self) -> Downloads:
        """Audio files under HOME/audio."""
        limits = self.settings
        return Downloads(
            self.fetcher,
            limits.home / "audio",
            limits.audio_max_bytes,
            limits.audio_disk_bytes,
            limits.downloads_parallel,
            limits.downloads_per_host,
            limits.downloads_gap_s,
        )

    @cached_property
    def recognitions(self) -> Recognitions:
        """Results of ASR under HOME/asr."""
        return Recognitions(self.settings.home / "asr")

    @cached_property
    def podcastindex(self) -> PodcastIndex:
        account = self.settings
        return PodcastIndex(
            self.fetcher,
            account.podcastindex_url.rstrip("/"),
            account.podcastindex_key,
            account.podcastindex_secret,
        )

    @cached_property
    def encoder(self) -> Encoder:
        return SentenceEncoder(self.settings.embedding_model, self.settings.embedding_dtype)
