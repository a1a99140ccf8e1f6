"""How the two Kafka clients are told of TLS and SASL: librdkafka by file names, the Java client of
Spark by file contents.

Spark's executors run on other machines, where the driver's files are not; PEM text travels with the
options instead.
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
    """Properties of confluent-kafka clients; empty for a plain connection.

    Raises:
        SettingsError: SASL without a user name and password, or a certificate without its key.
    """
    _check(settings)
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    found: dict[str, str] = {"security.protocol": settings.kafka_security_protocol}
    if _has_sasl(settings):
        found |= {
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
        found |= {name: value for name, value in files.items() if value}
    return found


def spark_options(settings: Settings) -> dict[str, str]:
    """Options of Spark's Kafka source; empty for a plain connection. Raises SettingsError as
    `client_properties` does.
    """
    _check(settings)
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    found: dict[str, str] = {"security.protocol": settings.kafka_security_protocol}
    if _has_sasl(settings):
        module = _LOGIN_MODULES[settings.kafka_sasl_mechanism]
        name, password = (
            _quoted(settings.kafka_username),
            _quoted(settings.kafka_password.get_secret_value()),
        )
        found |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.jaas.config": f"{module} required username={name} password={password};",
        }
    if _has_tls(settings) and settings.kafka_ca_file:
        found |= {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": _text(settings.kafka_ca_file),
        }
    if _has_tls(settings) and settings.kafka_certificate_file:
        found |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": _text(settings.kafka_certificate_file),
            "ssl.keystore.key": _text(settings.kafka_key_file),
        }
        if key_password := settings.kafka_key_password.get_secret_value():
            found["ssl.key.password"] = key_password
    return {f"kafka.{name}": value for name, value in found.items()}


def _has_sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL")


def _has_tls(settings: Settings) -> bool:
    return settings.kafka_security_protocol.endswith("SSL")


def _check(settings: Settings) -> None:
    if _has_sasl(settings) and not (
        settings.kafka_username and settings.kafka_password.get_secret_value()
    ):
        raise SettingsError(
            f"PODREC_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs PODREC_KAFKA_USERNAME and "
            "PODREC_KAFKA_PASSWORD."
        )
    if bool(settings.kafka_certificate_file) != bool(settings.kafka_key_file):
        raise SettingsError("PODREC_KAFKA_CERTIFICATE_FILE and PODREC_KAFKA_KEY_FILE go together.")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(file: str) -> str:
    try:
        return Path(file).read_text()
    except OSError as err:
        raise SettingsError(f"{file} cannot be read: {err.strerror}.") from err
