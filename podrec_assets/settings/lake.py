"""Settings of the Delta tables."""

from pydantic import BaseModel, Field, field_validator

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

    @field_validator("lake", mode="after")
    @classmethod
    def _without_secrets(cls, value: str) -> str:
        # The address is shown in output, errors and metadata. abfss:// has container@account.
        user = value.partition("://")[2].rpartition("@")[0]
        if ":" in user or ("://" in value and "?" in value):
            raise ValueError(
                "it has a key or password; set the variables of the object store instead, such as "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        return value
