"""The lake's storage as a Dagster resource."""

from pathlib import Path

import pytest

from podrec_assets.defs.resources.lake import LakeStorage
from podrec_assets.errors import SettingsError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings


@pytest.mark.parametrize(
    ("lake", "provider", "options"),
    [
        ("", "local", {}),
        ("s3://bucket/lake", "s3", {}),
        ("gs://bucket/lake", "gcs", {}),
        ("abfss://box@acme.dfs.core.windows.net/lake", "azure", {"account_name": "acme"}),
    ],
)
def test_the_address_decides_on_the_storage_and_its_options(
    tmp_path: Path, lake: str, provider: str, options: dict[str, str]
) -> None:
    settings = Settings(home=tmp_path, lake=lake)
    storage = LakeStorage.from_settings(settings)
    assert storage.config.provider == provider
    assert storage.open(settings).lake.storage_options == options


def test_an_address_that_podrec_cannot_write_to_is_refused_with_the_setting(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path, lake="ftp://host/lake")
    for connect in (Connections.open, LakeStorage.from_settings(settings).open):
        with pytest.raises(SettingsError, match=r"PODREC_LAKE='ftp://host/lake' cannot be used"):
            connect(settings)
