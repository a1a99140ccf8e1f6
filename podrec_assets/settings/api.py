"""Settings of the REST API."""

from pydantic import BaseModel, Field, SecretStr

from podrec_assets.settings.fields import ACCESS, LIMITS, PLACE


class ApiSettings(BaseModel):
    """REST API."""

    api_host: str = Field(
        "127.0.0.1",
        description="Address that `podrec api` listens on; a public one requires a token.",
        json_schema_extra=PLACE,
    )
    api_port: int = Field(
        8000, ge=0, le=65535, description="Port of the REST API.", json_schema_extra=PLACE
    )
    api_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token of the REST API. Without one it is on loopback only.",
        json_schema_extra=ACCESS,
    )
    api_requests_per_s: float = Field(
        50,
        gt=0,
        description="Requests per second that one client may send on average.",
        json_schema_extra=LIMITS,
    )
    api_burst: int = Field(
        100,
        ge=1,
        description="Requests that one client may send at once.",
        json_schema_extra=LIMITS,
    )
    api_max_bytes: int = Field(
        1_000_000, ge=1, description="Largest request body, in bytes.", json_schema_extra=LIMITS
    )
