"""Storage options of the lake by its address, in dagster-deltalake's typed classes. Credentials
come from the environment.
"""

from typing import TYPE_CHECKING

from podrec_assets.errors import SettingsError

if TYPE_CHECKING:
    from dagster_deltalake import AzureConfig, GcsConfig, S3Config


def storage_options(root: str) -> dict[str, str]:
    """deltalake storage options for a lake root; empty for a local folder.

    Raises:
        SettingsError: the address has a scheme that podrec cannot write to.
    """
    scheme, separator, rest = root.partition("://")
    if not separator or scheme == "file":
        return {}
    # It brings pandas along: half a second of each command and run on a local lake.
    from dagster_deltalake import AzureConfig, GcsConfig, S3Config

    match scheme:
        case "s3" | "s3a":
            return _options(S3Config())
        case "gs":
            return _options(GcsConfig())
        case "abfss":
            return _options(AzureConfig(account_name=rest.partition("@")[2].partition(".")[0]))
    raise SettingsError(
        f"PODREC_LAKE={root!r} cannot be used: give a folder, s3://, gs:// or abfss://."
    )


def _options(config: "S3Config | GcsConfig | AzureConfig") -> dict[str, str]:
    return {k: v for k, v in config.str_dict().items() if k != "provider"}
