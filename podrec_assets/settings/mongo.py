"""Settings of MongoDB, which holds the models and lists."""

from pydantic import BaseModel, Field, SecretStr, field_validator

from podrec_assets.settings.fields import LIMITS, PLACE


class MongoSettings(BaseModel):
    """MongoDB."""

    mongo_uri: SecretStr = Field(
        SecretStr(""),
        description="mongodb:// address of an external server. Default: the embedded one.",
        json_schema_extra=PLACE,
    )
    mongo_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the embedded MongoDB-compatible server; 0 picks a free one and "
        "keeps it.",
        json_schema_extra=PLACE,
    )
    mongo_database: str = Field(
        "podrec", description="Database that holds the collections.", json_schema_extra=PLACE
    )
    keep_days: int = Field(
        14,
        ge=5,
        description="Newest days whose lists and models are kept, in addition to those that are "
        "or were served.",
        json_schema_extra=LIMITS,
    )

    @field_validator("mongo_uri", mode="after")
    @classmethod
    def _mongo_scheme(cls, value: SecretStr) -> SecretStr:
        uri = value.get_secret_value()
        if uri and not uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must start with mongodb:// or mongodb+srv://")
        return value
