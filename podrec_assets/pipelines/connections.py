"""The stores that a run or a command uses, imported and opened on first use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from podrec_assets.errors import SettingsError
from podrec_assets.pipelines.recommend.run_manifest import InputsRead
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from podrec_assets.content.similarity.encoder import Encoder
    from podrec_assets.stores.asr_results import AsrResults
    from podrec_assets.stores.delta import Lake
    from podrec_assets.stores.http.client import Fetcher
    from podrec_assets.stores.http.download_cache import DownloadCache
    from podrec_assets.stores.kafka import KafkaStore
    from podrec_assets.stores.mongo import MongoStore
    from podrec_assets.stores.podcastindex_api import PodcastIndex

LAKE_SCHEMES = ("file", "s3", "s3a", "gs", "abfss")


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass
class Connections:
    """Stores of one process.

    Addresses of embedded services are looked up at each use, so a restarted service is found again.

    Attributes:
        settings: settings of this process.
        storage_options: deltalake's options, on top of the environment variables that it reads.
        now: clock of sensors and runs, which decides what today is; simulations bring their own.
        pinned: Delta version to read by table, instead of the latest; rebuilds use it.
        inputs: versions at which the inputs of assets were read, for manifests.
    """

    settings: Settings
    storage_options: dict[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now
    pinned: dict[str, int] = field(default_factory=dict)
    inputs: InputsRead = field(default_factory=InputsRead)
    _kafka: "KafkaStore | None" = field(default=None, init=False, repr=False, compare=False)
    _mongo: "MongoStore | None" = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def open(
        cls, settings: Settings, storage_options: dict[str, str] | None = None
    ) -> "Connections":
        """Returns the connections of a process.

        Raises:
            SettingsError: the lake's address has a scheme that podrec cannot write to.
        """
        scheme, separator, _ = settings.lake_root.partition("://")
        if separator and scheme not in LAKE_SCHEMES:
            raise SettingsError(
                f"PODREC_LAKE={settings.lake_root!r} cannot be used: "
                "give a folder, s3://, gs:// or abfss://."
            )
        return cls(settings, storage_options or {})

    @cached_property
    def lake(self) -> "Lake":
        from podrec_assets.stores.delta import Lake

        return Lake(
            self.settings.lake_root,
            Path(self.settings.home) / "locks",
            self.storage_options,
            self.pinned,
        )

    @property
    def kafka(self) -> "KafkaStore":
        """The store at the current address, kept because its clients are slow to open."""
        from podrec_assets.stores.kafka import KafkaStore, security

        address = supervisor.address(self.settings, "kafka")
        if self._kafka is None or self._kafka.bootstrap != address:
            self._kafka = KafkaStore(address, security.client_properties(self.settings))
        return self._kafka

    @property
    def mongo(self) -> "MongoStore":
        """The store at the current address, kept like Kafka's."""
        from podrec_assets.stores.mongo import MongoStore

        address = supervisor.address(self.settings, "mongo")
        if self._mongo is None or self._mongo.uri != address:
            self._mongo = MongoStore(address, self.settings.mongo_database)
        return self._mongo

    @property
    def fetcher(self) -> "Fetcher":
        """Fetches public addresses, allowed private ones, and the embedded sample server."""
        from podrec_assets.stores.http.client import Fetcher

        allowed = set(self.settings.allowed_origins)
        samples = supervisor.status(self.settings)["samples"]
        if samples["up"]:
            allowed.add(samples["address"].removeprefix("http://"))
        return Fetcher(
            frozenset(allowed),
            self.settings.fetch_timeout_s,
            self.settings.feed_max_bytes,
            self.settings.audio_timeout_s,
        )

    @property
    def downloads(self) -> "DownloadCache":
        """Audio files under HOME/audio."""
        from podrec_assets.stores.http.download_cache import DownloadCache

        settings = self.settings
        return DownloadCache(
            self.fetcher,
            settings.home / "audio",
            settings.audio_max_bytes,
            settings.audio_disk_bytes,
            settings.downloads_parallel,
            settings.downloads_per_host,
            settings.downloads_gap_s,
        )

    @cached_property
    def asr_results(self) -> "AsrResults":
        """Results of ASR under HOME/asr."""
        from podrec_assets.stores.asr_results import AsrResults

        return AsrResults(self.settings.home / "asr")

    @cached_property
    def podcastindex(self) -> "PodcastIndex":
        from podrec_assets.stores.podcastindex_api import PodcastIndex

        settings = self.settings
        return PodcastIndex(
            self.fetcher,
            settings.podcastindex_url.rstrip("/"),
            settings.podcastindex_key,
            settings.podcastindex_secret,
        )

    @cached_property
    def encoder(self) -> "Encoder":
        from podrec_assets.pipelines.content.encoders import open_encoder

        return open_encoder(self.settings)
