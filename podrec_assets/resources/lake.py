"""Storage options of the lake by its address, in dagster-deltalake's typed classes. Credentials come from the environment."""

from dagster_deltalake import AzureConfig, GcsConfig, LocalConfig, S3Config

from podrec_assets.errors import SettingsError

_CONFIGS = {"s3": S3Config, "s3a": S3Config, "gs": GcsConfig}


def storage_options(root: str) -> dict[str, str]:
    """deltalake storage options for a lake root; empty for a local folder.

    Raises:
        SettingsError: the address has a scheme that podrec cannot write to.
    """
    scheme, separator, rest = root.partition("://")
    if not separator or scheme == "file":
        config = LocalConfig()
    elif scheme in _CONFIGS:
        config = _CONFIGS[scheme]()
    elif scheme == "abfss":
        config = AzureConfig(account_name=rest.partition("@")[2].partition(".")[0])
    else:
        raise SettingsError(f"PODREC_LAKE={root!r} cannot be used: give a folder, s3://, gs:// or abfss://.")
    return {k: v for k, v in config.str_dict().items() if k != "provider"}
