"""The lake's storage as a typed Dagster resource, so that the UI shows where the lake is."""

import dagster as dg
from dagster_deltalake import AzureConfig, GcsConfig, LocalConfig, S3Config
from pydantic import Field

from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings

StorageConfig = AzureConfig | GcsConfig | LocalConfig | S3Config


class LakeStorage(dg.ConfigurableResource):
    """Address of the lake and the options of its object store.

    deltalake reads credentials from AWS_*, AZURE_* and GOOGLE_* variables. Options set here take
    precedence.
    """

    root: str = Field(description="Folder or object store address of the Delta tables.")
    config: StorageConfig = Field(
        discriminator="provider", description="Object store options; local for a folder."
    )

    @classmethod
    def from_settings(cls, settings: Settings) -> "LakeStorage":
        return cls(root=settings.lake_root, config=_config(settings.lake_root))

    def open(self, settings: Settings) -> Connections:
        """Returns connections whose lake has this storage's options."""
        options = self.config.model_dump(exclude_defaults=True)
        return Connections.open(settings, {name: str(value) for name, value in options.items()})


def _config(root: str) -> StorageConfig:
    scheme, _, rest = root.partition("://")
    match scheme:
        case "s3" | "s3a":
            return S3Config()
        case "gs":
            return GcsConfig()
        case "abfss":  # abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH
            return AzureConfig(account_name=rest.partition("@")[2].partition(".")[0])
    return LocalConfig()
