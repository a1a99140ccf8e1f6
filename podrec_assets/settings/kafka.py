"""Settings of Kafka and its topics."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from podrec_assets.settings.fields import ACCESS, PLACE, SPEED, HostPorts


class KafkaSettings(BaseModel):
    """Kafka."""

    kafka_bootstrap: HostPorts = Field(
        "",
        description="host:port[,host:port] of an external Kafka. Default: the embedded one.",
        json_schema_extra=PLACE,
    )
    kafka_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the embedded Kafka broker; 0 picks a free one and keeps it.",
        json_schema_extra=PLACE,
    )
    episodes_topic: str = Field(
        "episode-metadata",
        description="Topic of episode announcements.",
        json_schema_extra=PLACE,
    )
    events_topic: str = Field(
        "user-events", description="Topic of listening events.", json_schema_extra=PLACE
    )
    kafka_partitions: int = Field(
        2,
        ge=1,
        le=512,
        description="Partitions of the events topic when podrec creates it.",
        json_schema_extra=SPEED,
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="Security protocol of an external Kafka. The embedded one is plaintext on "
        "loopback only.",
        json_schema_extra=ACCESS,
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512",
        description="SASL mechanism, where the security protocol is SASL.",
        json_schema_extra=ACCESS,
    )
    kafka_username: str = Field("", description="SASL user name.", json_schema_extra=ACCESS)
    kafka_password: SecretStr = Field(
        SecretStr(""), description="SASL password.", json_schema_extra=ACCESS
    )
    kafka_ca_file: str = Field(
        "",
        description="PEM file of the CAs that sign the brokers' certificates. Default: the "
        "system's.",
        json_schema_extra=ACCESS,
    )
    kafka_certificate_file: str = Field(
        "",
        description="PEM file of podrec's client certificate chain, for brokers that require one.",
        json_schema_extra=ACCESS,
    )
    kafka_key_file: str = Field(
        "",
        description="PEM file (PKCS #8) of the client certificate's key.",
        json_schema_extra=ACCESS,
    )
    kafka_key_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the client certificate's key, if it has one.",
        json_schema_extra=ACCESS,
    )
