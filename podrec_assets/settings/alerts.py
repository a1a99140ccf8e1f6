"""Settings of alerts, which always go to HOME/logs/alerts.jsonl as well."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from podrec_assets.settings.fields import ACCESS, PLACE, HostPorts


class AlertSettings(BaseModel):
    """Alerts."""

    alert_webhook: SecretStr = Field(
        SecretStr(""),
        description="URL that alerts are posted to as JSON. Secret, since its path may hold a "
        "token.",
        json_schema_extra=PLACE,
    )
    alert_email_to: str = Field(
        "", description="Recipients of alerts, separated by commas.", json_schema_extra=PLACE
    )
    alert_email_from: str = Field(
        "podrec@localhost", description="Sender of alerts.", json_schema_extra=PLACE
    )
    alert_smtp: HostPorts = Field(
        "", description="host:port of the mail server for alerts.", json_schema_extra=PLACE
    )
    alert_smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="Encryption of the connection to the mail server.",
        json_schema_extra=ACCESS,
    )
    alert_smtp_user: str = Field(
        "", description="User name at the mail server; empty: no login.", json_schema_extra=ACCESS
    )
    alert_smtp_password: SecretStr = Field(
        SecretStr(""), description="Password at the mail server.", json_schema_extra=ACCESS
    )

    @field_validator("alert_webhook", mode="after")
    @classmethod
    def _web_address(cls, value: SecretStr) -> SecretStr:
        """Refuses a URL that cannot be posted to, without quoting it."""
        url = value.get_secret_value()
        try:
            parts = urlsplit(url)
            is_usable = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            )
        except ValueError:
            is_usable = False
        if url and not is_usable:
            raise ValueError("must be an http or https address with a valid port")
        return value
