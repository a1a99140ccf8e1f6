"""Settings of the web pages: the Dagster UI, the dashboard and the sample world."""

from pydantic import BaseModel, Field, SecretStr

from podrec_assets.settings.fields import ACCESS, PLACE


class WebSettings(BaseModel):
    """Dagster UI and dashboard."""

    ui_port: int = Field(
        3000,
        ge=0,
        le=65535,
        description="Port of the Dagster webserver that `podrec ui` starts.",
        json_schema_extra=PLACE,
    )
    dashboard_host: str = Field(
        "127.0.0.1",
        description="Address that the dashboard listens on; a public one requires a token.",
        json_schema_extra=PLACE,
    )
    dashboard_port: int = Field(
        8501,
        ge=0,
        le=65535,
        description="Port of the dashboard that `podrec ui` starts.",
        json_schema_extra=PLACE,
    )
    dashboard_token: SecretStr = Field(
        SecretStr(""),
        description="Token that a browser gives once a session. Without one the dashboard is on "
        "loopback only.",
        json_schema_extra=ACCESS,
    )
    samples_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the sample world's HTTP server; 0 picks a free one and keeps it.",
        json_schema_extra=PLACE,
    )
