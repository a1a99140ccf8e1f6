"""Every setting of podrec, typed and documented. The only module that reads the environment.

`PODREC_<FIELD>` sets a field: `PODREC_KAFKA_BOOTSTRAP=broker:9092`. An empty variable means the
default. Where PODREC_SECRETS_DIR names a folder, a file `podrec_<field>` in it sets a field that
has no variable.
"""

import os
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podrec_assets.errors import SettingsError

SECRETS_DIR = "PODREC_SECRETS_DIR"


class Settings(BaseSettings):
    """All settings. Fields marked "results" change what is computed, the others only where or how
    fast.
    """

    model_config = SettingsConfigDict(
        env_prefix="PODREC_",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    # -- shape of the graph: literals, because partition mappings are made of them and a changed one would orphan history
    start_day: ClassVar[date] = date(2018, 1, 1)
    """First day of every partitioned asset; records stamped earlier land here."""
    late_days: ClassVar[int] = 2
    """Days that an event may come after its own day and still count as on time."""
    history_days: ClassVar[int] = 90
    """Days of listening that the models look back on."""
    catalogue_days: ClassVar[int] = 3650
    """Days of episodes that similarities and recommendations look back on."""

    # -- places
    home: Path = Field(
        Path(".podrec"), description="Folder of all state: services, lake, Dagster instance, logs."
    )
    cache: Path = Field(
        Path("~/.cache/podrec"),
        description="Folder of verified downloads (jars); shared by every home on the machine.",
    )
    lake: str = Field(
        "",
        description="Root of the Delta tables: a folder or s3://, abfss://, gs://. Default: HOME/lake.",
    )
    kafka_bootstrap: str = Field(
        "", description="host:port[,host:port] of a Kafka to use instead of the embedded one."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="How clients talk to an external Kafka; the embedded one is plain and on loopback only.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How a SASL protocol proves who podrec is."
    )
    kafka_username: str = Field("", description="User of a SASL protocol.")
    kafka_password: SecretStr = Field(SecretStr(""), description="Password of a SASL protocol.")
    kafka_ca_file: str = Field(
        "",
        description="PEM file of the authorities that sign the brokers' certificates; empty: the system's.",
    )
    kafka_certificate_file: str = Field(
        "", description="PEM file of podrec's own certificate chain, for brokers that ask for one."
    )
    kafka_key_file: str = Field("", description="PEM file (PKCS #8) of that certificate's key.")
    kafka_key_password: SecretStr = Field(
        SecretStr(""), description="Password of that key, if it has one."
    )
    mongo_uri: SecretStr = Field(
        SecretStr(""),
        description="mongodb:// address of a server to use instead of the embedded one.",
    )
    mongo_database: str = Field("podrec", description="Mongo database that holds the collections.")
    spark_master: str = Field(
        "local[*]", description="Spark master: local[N], spark://host:port, yarn, k8s://..."
    )
    spark_driver_host: str = Field(
        "", description="Name or address by which a cluster's executors reach the process of a run."
    )
    spark_python: str = Field(
        "",
        description="Python of a cluster's workers, with podrec's requirements. Default: this process's path.",
    )
    spark_executor_memory: str = Field(
        "1g", pattern=r"^\d+[mg]$", description="Memory of one executor of a cluster."
    )
    spark_executor_cores: int = Field(1, ge=1, description="Cores of one executor of a cluster.")
    lake_is_shared: bool = Field(
        False,
        description="A folder as lake is one that every machine of the Spark cluster mounts at the same path.",
    )
    engine: Literal["spark", "local"] = Field(
        "spark",
        description="spark, or local: no JVM for landing, daily score and ALS. Same tables either way.",
    )
    compute: Literal["driver", "spark"] = Field(
        "driver",
        description="Who encodes chunks and recognises audio: the process of the run, or its Spark's workers.",
    )

    # -- embedded services; 0 = any free port, remembered under HOME
    kafka_port: int = Field(0, ge=0, le=65535, description="Port of the embedded Kafka broker.")
    mongo_port: int = Field(
        0, ge=0, le=65535, description="Port of the embedded MongoDB-wire server."
    )
    samples_port: int = Field(
        0, ge=0, le=65535, description="Port of the sample world's HTTP server."
    )
    dashboard_host: str = Field(
        "127.0.0.1",
        description="Address that the dashboard listens on; a public one needs a token.",
    )
    dashboard_port: int = Field(
        8501, ge=0, le=65535, description="Port of the dashboard that `make ui` starts."
    )
    dashboard_token: SecretStr = Field(
        SecretStr(""),
        description="What a browser has to give once a session; without it the dashboard is loopback only.",
    )
    ui_port: int = Field(
        3000, ge=0, le=65535, description="Port of the Dagster webserver that `make ui` starts."
    )

    # -- REST interface
    api_host: str = Field(
        "127.0.0.1", description="Address that `podrec api` listens on; a public one needs a token."
    )
    api_port: int = Field(8000, ge=0, le=65535, description="Port of the REST interface.")
    api_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token of the REST interface; without one it is loopback only.",
    )
    api_requests_per_s: float = Field(
        50, gt=0, description="Requests a second that one client may send in the long run."
    )
    api_burst: int = Field(100, ge=1, description="Requests that one client may send at once.")
    api_max_bytes: int = Field(1_000_000, ge=1, description="Largest body of a request.")

    # -- topics
    episodes_topic: str = Field("episode-metadata", description="Topic of episode announcements.")
    events_topic: str = Field("user-events", description="Topic of listening events.")
    kafka_partitions: int = Field(
        2, ge=1, le=512, description="Partitions of the events topic when podrec creates it."
    )

    # -- upkeep of the lake
    vacuum_hours: int = Field(
        168,
        ge=24,
        le=720,
        description="Hours for which replaced files stay for readers and time travel; what kept lists were made of stays "
        "while the log knows it, 30 days.",
    )

    # -- time (results)
    future_skew_s: int = Field(
        3600, ge=0, description="Seconds an event may lie ahead of its record before it is refused."
    )

    # -- fetching
    fetch_allow: str = Field(
        "", description="host:port,... of private or loopback origins that may be fetched."
    )
    feed_max_bytes: int = Field(
        10_000_000, gt=0, description="Largest feed or transcript, decompressed."
    )
    fetch_timeout_s: float = Field(
        30, gt=0, description="Total seconds for one fetch, redirects included."
    )

    # -- sources
    poll_interval_s: float = Field(
        3600, ge=60, description="Seconds between two polls of a feed; twice as long per failure."
    )
    poll_longest_s: float = Field(
        86_400, ge=60, description="Most seconds between two polls of a failing feed."
    )
    poll_dead_after: int = Field(
        12, ge=1, description="Failed polls in a row after which a feed is dead; a 410 at once."
    )
    polls_parallel: int = Field(
        8, ge=1, le=64, description="Feeds fetched at once, at most two of them from one host."
    )
    podcastindex_key: SecretStr = Field(SecretStr(""), description="Key of the PodcastIndex API.")
    podcastindex_secret: SecretStr = Field(
        SecretStr(""), description="Secret of the PodcastIndex API."
    )
    podcastindex_url: str = Field(
        "https://api.podcastindex.org/api/1.0", description="Address of the PodcastIndex API."
    )

    # -- audio
    audio_max_bytes: int = Field(500_000_000, gt=0, description="Largest audio file.")
    audio_timeout_s: float = Field(
        1800, gt=0, description="Total seconds for one audio download, redirects included."
    )
    audio_disk_bytes: int = Field(
        20_000_000_000,
        gt=0,
        description="Most that HOME/audio holds; least recently used files go.",
    )
    downloads_parallel: int = Field(4, ge=1, le=64, description="Audio downloads at once.")
    downloads_per_host: int = Field(
        2, ge=1, le=64, description="Audio downloads at once from one host."
    )
    downloads_gap_s: float = Field(
        1.0, ge=0, description="Seconds between two downloads' starts on one host."
    )

    # -- landing
    events_per_batch: int = Field(
        200_000, gt=0, description="Most Kafka records in one landing batch."
    )

    # -- speech recognition (results: engine, models, device, longest audio)
    asr_engine: Literal["auto", "faster-whisper", "vosk", "pocketsphinx", "none"] = Field(
        "auto",
        description="ASR engine. auto: faster-whisper if a model is on disk, else Vosk if one is, else pocketsphinx.",
    )
    asr_whisper_model: str = Field(
        "",
        description="Whisper model: a folder, or a name in CACHE/models. Default: the largest there.",
    )
    asr_vosk_model: str = Field(
        "",
        description="Vosk model: a folder, or a name in CACHE/models. Default: the largest there.",
    )
    asr_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Where faster-whisper computes: int8 on cpu, fp16 on cuda. auto: cuda if the system shows a GPU.",
    )
    asr_workers: int = Field(
        1, ge=1, le=64, description="Audio files transcribed at once, a process each."
    )
    asr_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="CPU threads of one worker; 0 shares all cores among the workers.",
    )
    asr_minutes_per_run: float = Field(
        60, ge=0, description="Minutes of audio that one run transcribes; the rest is over_budget."
    )
    asr_max_audio_minutes: float = Field(
        720, gt=0, description="Longest audio that is transcribed."
    )
    asr_max_attempts: int = Field(
        4, ge=1, le=20, description="Attempts at a transcript before its failure is final."
    )
    asr_retry_minutes: float = Field(
        15,
        gt=0,
        description="Minutes to the second attempt; each later wait is twice as long, a day at most.",
    )
    asr_memory_mb: int = Field(
        1024, ge=256, description="Memory limit of the process that decodes audio."
    )
    asr_stall_s: float = Field(
        1800, gt=0, description="Seconds without progress after which an ASR process is ended."
    )
    # -- alerts; always to HOME/logs/alerts.jsonl as well
    alert_webhook: SecretStr = Field(
        SecretStr(""),
        description="Address that alerts are posted to as JSON; its path is a secret.",
    )
    alert_email_to: str = Field("", description="Recipients of alerts, separated by commas.")
    alert_email_from: str = Field("podrec@localhost", description="Sender of alerts.")
    alert_smtp: str = Field("", description="host:port of the mail server for alerts.")
    alert_smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the mail server is spoken to."
    )
    alert_smtp_user: str = Field("", description="Login of the mail server; none without.")
    alert_smtp_password: SecretStr = Field(
        SecretStr(""), description="Password of the mail server."
    )

    # -- content (results)
    chunk_tokens: int = Field(
        250, ge=32, le=254, description="Most tokens of one transcript chunk."
    )
    embedding_model: str = Field(
        "", description="Folder of a sentence-transformers model. Default: the packaged MiniLM."
    )
    embedding_dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Precision of the embedding model; auto is bfloat16 where the processor has it. Part of the version.",
    )
    neighbours: int = Field(20, ge=1, le=200, description="Neighbours kept for an episode.")

    # -- recommendations (results)
    weight_play_finished: float = Field(3.0, ge=0, description="Weight of a play of over 80 %.")
    weight_play_middle: float = Field(1.0, ge=0, description="Weight of a play of 20 % to 80 %.")
    weight_play_abandoned: float = Field(0.5, ge=0, description="Weight of a play of under 20 %.")
    weight_like: float = Field(2.0, ge=0, description="Weight of a like; an unlike takes it back.")
    weight_skip: float = Field(0.2, ge=0, description="Weight of a skip.")
    half_life_days: float = Field(
        45, gt=0, description="Age in days at which a listen counts half."
    )
    # The defaults of ALS and the half-life are measured: docs/adr/0006; `als_tuning` measures them
    # on your own listening.
    als_rank: int = Field(
        32, ge=1, le=512, description="Most latent factors; small or sparse histories get fewer."
    )
    als_alpha: float = Field(
        1.0,
        gt=0,
        description="Confidence of a mean damped score above 1: c = 1 + als_alpha * damped.",
    )
    als_regularization: float = Field(
        0.1, gt=0, description="Regularisation, scaled by a row's count as in Spark ML."
    )
    als_iterations: int = Field(
        12, ge=1, le=15, description="ALS sweeps. At 30 the plan of Spark overflows its stack."
    )
    als_top_n: int = Field(
        50, ge=1, le=1000, description="Episodes that als_top_n keeps for a listener."
    )
    fusion_alpha: float = Field(
        0.7, ge=0, le=1, description="Share of ALS in the blend until calibrated."
    )
    list_length: int = Field(20, ge=1, le=500, description="Episodes in a published list.")
    per_show_cap: int = Field(4, ge=1, description="Most episodes of one show in a list.")
    prior_weight: float = Field(
        0.35,
        ge=0,
        description="Most that an episode's reception by everybody and newness add to a score.",
    )
    diversity: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Taken from the score of an episode as like one above as can be (MMR).",
    )
    dead_show_days: int = Field(
        365,
        ge=1,
        description="A show without a new episode for longer, and without plays, is left out.",
    )
    experiment_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of listeners whose lists interleave the blend with a challenger; 0 is no experiment.",
    )
    experiment_alpha: float = Field(
        0.5, ge=0, le=1, description="Share of ALS in the challenger's blend, for every listener."
    )
    seed: int = Field(7, ge=0, description="Seed of every random choice.")
    keep_days: int = Field(
        14,
        ge=5,
        description="Newest days whose lists and models are kept, beside what is or was served.",
    )
    tuning_trials: int = Field(
        24, ge=1, le=144, description="Trials of als_tuning, the settings in force among them."
    )
    tuning_seconds: float = Field(
        900, gt=0, description="Seconds after which a run of als_tuning begins no further trial."
    )
    tuning_days: int = Field(
        7, ge=1, le=60, description="Last days of listening that als_tuning measures on."
    )
    # -- the gate before publication: a list outside these bounds is not served unless a person says so
    gate_min_coverage: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Least distinct episodes in all lists, over as many as these lists could hold.",
    )
    gate_max_churn: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Most of the served, still unheard top 10 that may be gone from a listener's list; mean.",
    )
    gate_max_popularity_drift: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Most that the mean popularity rank (0 to 1) of what is shown may change.",
    )
    gate_min_listeners: int = Field(
        10, ge=2, description="Fewest listeners that a comparison with the served lists needs."
    )

    @field_validator("home", "cache", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("kafka_bootstrap", "fetch_allow", "alert_smtp", mode="after")
    @classmethod
    def _host_ports(cls, value: str) -> str:
        for part in filter(None, (p.strip() for p in value.split(","))):
            host, _, port = part.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"{part!r} is not host:port")
        return value

    @field_validator("mongo_uri", mode="after")
    @classmethod
    def _mongo_scheme(cls, value: SecretStr) -> SecretStr:
        uri = value.get_secret_value()
        if uri and not uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must start with mongodb:// or mongodb+srv://")
        return value

    @field_validator("alert_webhook", mode="after")
    @classmethod
    def _web_address(cls, value: SecretStr) -> SecretStr:
        """Refuses what cannot be posted to, in words that tell nothing of the secret."""
        url = value.get_secret_value()
        try:
            parts = urlsplit(url)
            is_usable = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            )
        except ValueError:
            is_usable = False
        if url and not is_usable:
            raise ValueError("must be an http or https address with a valid port")
        return value

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """The settings of this process's environment.

        Raises:
            SettingsError: a value is unusable, or a PODREC_ variable has no such setting; one
                sentence names it.
        """
        known = {SECRETS_DIR, *(f"PODREC_{name.upper()}" for name in cls.model_fields)}
        unknown = sorted(
            name for name in os.environ if name.startswith("PODREC_") and name not in known
        )
        if unknown:
            raise SettingsError(
                f"{unknown[0]} is not a setting of podrec; `podrec settings` lists them."
            )
        try:
            folder = os.environ.get(SECRETS_DIR)
            return cls(
                _secrets_dir=folder if folder and Path(folder).is_dir() else None, **overrides
            )  # type: ignore[arg-type, call-arg]
        except ValidationError as err:
            first = err.errors()[0]
            name = str(first["loc"][0])
            is_secret = name in cls.model_fields and cls.model_fields[name].annotation is SecretStr
            given = "" if is_secret else f"={first['input']!r}"
            # A secret's own text is in the cause as well.
            raise SettingsError(
                f"PODREC_{name.upper()}{given} cannot be used: {first['msg']}."
            ) from (None if is_secret else err)

    @cached_property
    def lake_root(self) -> str:
        """Root of the Delta tables as a URI or absolute path, without a trailing slash."""
        if "://" in self.lake:
            return self.lake.rstrip("/")
        return str(Path(self.lake).expanduser().absolute() if self.lake else self.home / "lake")

    def results(self) -> dict[str, object]:
        """The settings that change what is computed, for the manifest of what was made with them."""
        return {name: getattr(self, name) for name in RESULTS}

    @property
    def allowed_origins(self) -> frozenset[str]:
        """host:port of the private origins that may be fetched."""
        return frozenset(filter(None, (p.strip().lower() for p in self.fetch_allow.split(","))))


RESULTS = [
    name for name in Settings.model_fields if name.startswith(("weight_", "als_", "fusion_"))
] + [
    "engine",
    "future_skew_s",
    "asr_engine",
    "asr_whisper_model",
    "asr_vosk_model",
    "asr_device",
    "asr_max_audio_minutes",
    "chunk_tokens",
    "embedding_model",
    "embedding_dtype",
    "neighbours",
    "half_life_days",
    "list_length",
    "per_show_cap",
    "prior_weight",
    "diversity",
    "dead_show_days",
    "experiment_share",
    "experiment_alpha",
    "seed",
]
"""Names of the settings marked "results"."""
