"""Settings of the Delta tables."""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import LIMITS, PLACE


class LakeSettings(BaseModel):
    """Lake."""

    lake: str = Field(
        "",
        description="Root of the Delta tables: a folder, s3://, abfss:// or gs://. "
        "Default: HOME/lake.",
        json_schema_extra=PLACE,
    )
    lake_is_shared: bool = Field(
        False,
        description="The lake folder is mounted at the same path on every machine of the Spark "
        "cluster.",
        json_schema_extra=PLACE,
    )
    vacuum_hours: int = Field(
        168,
        ge=24,
        le=720,
        description="Hours that replaced files are kept for readers and time travel. Versions "
        "that kept lists were made from stay while the Delta log has them, 30 days.",
        json_schema_extra=LIMITS,
    )
