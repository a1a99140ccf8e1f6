"""TLS and SASL options of the two Kafka clients.

librdkafka takes file names. Spark's Java client takes PEM text, because its executors run on other
machines that do not have the driver's files.
"""

from pathlib import Path

from podrec_assets.errors import SettingsError
from podrec_assets.settings import Settings

_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def client_properties(settings: Settings) -> dict[str, str]:
    """Returns the properties of confluent-kafka clients; {} for a plain connection.

    Raises:
        SettingsError: SASL without a user name and password, or a certificate without its key.
    """
    _check(settings)
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    properties: dict[str, str] = {"security.protocol": settings.kafka_security_protocol}
    if _has_sasl(settings):
        properties |= {
            "sasl.mechanisms": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password.get_secret_value(),
        }
    if _has_tls(settings):
        files = {
            "ssl.ca.location": settings.kafka_ca_file,
            "ssl.certificate.location": settings.kafka_certificate_file,
            "ssl.key.location": settings.kafka_key_file,
            "ssl.key.password": settings.kafka_key_password.get_secret_value(),
        }
        properties |= {name: value for name, value in files.items() if value}
    return properties


def spark_options(settings: Settings) -> dict[str, str]:
    """Returns the options of Spark's Kafka source; {} for a plain connection.

    Raises:
        SettingsError: as in `client_properties`, or a file cannot be read.
    """
    _check(settings)
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    properties: dict[str, str] = {"security.protocol": settings.kafka_security_protocol}
    if _has_sasl(settings):
        module = _LOGIN_MODULES[settings.kafka_sasl_mechanism]
        name = _quoted(settings.kafka_username)
        password = _quoted(settings.kafka_password.get_secret_value())
        properties |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.jaas.config": f"{module} required username={name} password={password};",
        }
    if _has_tls(settings) and settings.kafka_ca_file:
        properties |= {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": _text(settings.kafka_ca_file),
        }
    if _has_tls(settings) and settings.kafka_certificate_file:
        properties |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": _text(settings.kafka_certificate_file),
            "ssl.keystore.key": _text(settings.kafka_key_file),
        }
        if key_password := settings.kafka_key_password.get_secret_value():
            properties["ssl.key.password"] = key_password
    return {f"kafka.{name}": value for name, value in properties.items()}


def _has_sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL")


def _has_tls(settings: Settings) -> bool:
    return settings.kafka_security_protocol.endswith("SSL")


def _check(settings: Settings) -> None:
    if _has_sasl(settings) and not (
        settings.kafka_username and settings.kafka_password.get_secret_value()
    ):
        raise SettingsError(
            f"PODREC_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs "
            "PODREC_KAFKA_USERNAME and PODREC_KAFKA_PASSWORD."
        )
    if bool(settings.kafka_certificate_file) != bool(settings.kafka_key_file):
        raise SettingsError(
            "Set PODREC_KAFKA_CERTIFICATE_FILE and PODREC_KAFKA_KEY_FILE together, or neither."
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(file: str) -> str:
    try:
        return Path(file).read_text()
    except OSError as err:
        raise SettingsError(f"{file} cannot be read: {err.strerror}.") from err
