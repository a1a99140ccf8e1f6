"""Settings of the folders on this machine."""

from pathlib import Path

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import PLACE, Folder


class FolderSettings(BaseModel):
    """Folders."""

    home: Folder = Field(
        Path(".podrec"),
        description="Folder of all state: services, lake, Dagster instance, logs.",
        json_schema_extra=PLACE,
    )
    cache: Folder = Field(
        Path("~/.cache/podrec"),
        description="Folder of verified downloads (jars, speech models), shared by all homes.",
        json_schema_extra=PLACE,
    )
