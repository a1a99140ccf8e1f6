"""All settings of podrec, one file per subject. Only this package reads the environment.

`PODREC_<FIELD>` sets a field: `PODREC_KAFKA_BOOTSTRAP=broker:9092`. An empty variable means the
default. If PODREC_SECRETS_DIR names a folder, a file `podrec_<field>` in it sets a field that has
no variable.

The files group the fields, but the names stay flat: `settings.kafka_bootstrap`, never
`settings.kafka.bootstrap`. So a setting has one name in code, environment, docs and manifests.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from podrec_assets.errors import SettingsError
from podrec_assets.settings.alerts import AlertSettings
from podrec_assets.settings.als import AlsSettings
from podrec_assets.settings.api import ApiSettings
from podrec_assets.settings.asr import AsrSettings
from podrec_assets.settings.compute import ComputeSettings
from podrec_assets.settings.feeds import FeedSettings
from podrec_assets.settings.fetching import FetchingSettings
from podrec_assets.settings.fields import mark, variable
from podrec_assets.settings.folders import FolderSettings
from podrec_assets.settings.gate import GateSettings
from podrec_assets.settings.kafka import KafkaSettings
from podrec_assets.settings.lake import LakeSettings
from podrec_assets.settings.listening import ListeningSettings
from podrec_assets.settings.mongo import MongoSettings
from podrec_assets.settings.ranking import RankingSettings
from podrec_assets.settings.similarity import SimilaritySettings
from podrec_assets.settings.web import WebSettings
from podrec_assets.settings.windows import Windows

SECRETS_DIR = "PODREC_SECRETS_DIR"


class Settings(
    FolderSettings,
    LakeSettings,
    KafkaSettings,
    MongoSettings,
    ComputeSettings,
    FeedSettings,
    FetchingSettings,
    AsrSettings,
    SimilaritySettings,
    ListeningSettings,
    AlsSettings,
    RankingSettings,
    GateSettings,
    WebSettings,
    ApiSettings,
    AlertSettings,
    Windows,
    BaseSettings,
):
    """All settings. The mark of a field says what changing it affects: see `fields.MARKS`."""

    model_config = SettingsConfigDict(
        env_prefix="PODREC_",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads the settings from the environment of this process.

        Raises:
            SettingsError: a value is unusable, or a PODREC_ variable belongs to no setting.
        """
        known = {SECRETS_DIR, *map(variable, cls.model_fields)}
        if unknown := sorted(n for n in os.environ if n.startswith("PODREC_") and n not in known):
            raise SettingsError(
                f"{unknown[0]} is not a setting of podrec; `podrec settings` lists them."
            )
        folder = os.environ.get(SECRETS_DIR)
        secrets = folder if folder and Path(folder).is_dir() else None
        try:
            return cls(_secrets_dir=secrets, **overrides)  # type: ignore[call-arg]
        except ValidationError as err:
            problem = err.errors()[0]
            field = cls.model_fields.get(name := str(problem["loc"][0]))
            is_secret = field is not None and field.annotation is SecretStr
            # An address may hold a password, in whatever field it was given.
            is_secret = is_secret or any(c in str(problem["input"]) for c in ("@", "://"))
            given = "" if is_secret else f"={problem['input']!r}"
            # The cause would quote a secret as well.
            raise SettingsError(f"{variable(name)}{given} cannot be used: {problem['msg']}.") from (
                None if is_secret else err
            )

    @classmethod
    def subjects(cls) -> list[type[BaseModel]]:
        """Returns the models that the fields come from, in the order of the reference page."""
        return [base for base in cls.__bases__ if issubclass(base, BaseModel) and base.model_fields]

    @cached_property
    def lake_root(self) -> str:
        """Root of the Delta tables as a URI or absolute path, without a trailing slash."""
        if "://" in self.lake:
            return self.lake.rstrip("/")
        return str(Path(self.lake).expanduser().absolute() if self.lake else self.home / "lake")

    def results(self) -> dict[str, object]:
        """Returns the settings that change results, for the manifest of what they produced."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if mark(field) == "results"
        }
