"""A real broker whose listener requires TLS and SCRAM, like an external cluster."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from podrec_assets.services import jars, kafka, process
from podrec_assets.services.java import java_binary
from podrec_assets.services.ports import answers, free_port
from podrec_assets.settings import Settings

USER, PASSWORD = "podrec", "open;sesame=1"
_SECURITY = """listeners={plain},{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={plain},{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login_module} required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.client.auth=required
"""


_LOGIN_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True)
class SecureKafka:
    """The listener's address, and the files that a client needs."""

    bootstrap: str
    ca_file: str
    certificate_file: str
    key_file: str

    def environment(self) -> dict[str, str]:
        """Returns podrec's settings for this broker."""
        return {
            "PODREC_KAFKA_BOOTSTRAP": self.bootstrap,
            "PODREC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "PODREC_KAFKA_USERNAME": USER,
            "PODREC_KAFKA_PASSWORD": PASSWORD,
            "PODREC_KAFKA_CA_FILE": self.ca_file,
            "PODREC_KAFKA_CERTIFICATE_FILE": self.certificate_file,
            "PODREC_KAFKA_KEY_FILE": self.key_file,
        }


@contextmanager
def secure_kafka(home: Path) -> Iterator[SecureKafka]:
    """Runs a broker that requires a client certificate and a password."""
    settings = Settings(home=home)
    ports = {name: free_port() for name in ("inner", "port", "controller")}
    authority = trustme.CA()
    files = {name: home / f"{name}.pem" for name in ("ca", "server", "chain", "key")}
    home.mkdir(parents=True)
    authority.cert_pem.write_to_path(files["ca"])
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(files["server"])
    client = authority.issue_cert("podrec.client")
    files["chain"].write_bytes(b"".join(part.bytes() for part in client.cert_chain_pems))
    files["key"].write_bytes(_pkcs8(client.private_key_pem.bytes()))
    files["server"].write_bytes(_pkcs8(files["server"].read_bytes()))
    properties = home / "server.properties"
    security = _SECURITY.format(
        plain=f"PLAINTEXT://127.0.0.1:{ports['inner']}",
        secure=f"SASL_SSL://127.0.0.1:{ports['port']}",
        controller=ports["controller"],
        login_module=_LOGIN_MODULE,
        keystore=files["server"],
        ca=files["ca"],
    )
    basic = kafka.properties(ports["inner"], ports["controller"], home / "data")
    properties.write_text(basic + security)
    java = [str(java_binary(settings)), "-cp", f"{jars.ensure_jars(settings, 'kafka')}/*"]
    login = f'SCRAM-SHA-512=[name="{USER}",password="{PASSWORD}"]'
    tool = [*java, "kafka.tools.StorageTool", "format", "-t", kafka.CLUSTER_ID]
    command = [*tool, "-c", str(properties), "--add-scram", login]
    subprocess.run(command, check=True, capture_output=True)
    start = [java[0], "-Xmx256m", "-XX:+UseSerialGC", *java[1:], "kafka.Kafka", str(properties)]
    running = process.start(start, home / "kafka.log", home / "kafka.json", ports)
    try:
        assert process.wait_for(lambda: answers(ports["port"]), 60), process.last_lines(
            home / "kafka.log"
        )
        yield SecureKafka(
            f"127.0.0.1:{ports['port']}", str(files["ca"]), str(files["chain"]), str(files["key"])
        )
    finally:
        process.stop(running)


def _pkcs8(pem: bytes) -> bytes:
    """Returns the PEM with its key as PKCS #8, the only format that the Java client reads."""
    from cryptography.hazmat.primitives import serialization as s

    key, certificates = (
        pem[: pem.index(b"-----BEGIN CERT")] if b"BEGIN CERT" in pem else pem,
        pem[pem.find(b"-----BEGIN CERT") :],
    )
    loaded = s.load_pem_private_key(key, None)
    rewritten = loaded.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    return rewritten + (certificates if b"BEGIN CERT" in pem else b"")
