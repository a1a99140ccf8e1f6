"""The real broker with a listener that asks for TLS and SCRAM, as a cluster outside this machine
would.
"""

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
_SECURITY = """listeners=PLAINTEXT://127.0.0.1:{inner},SASL_SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{inner},SASL_SSL://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.client.auth=required
"""


@dataclass(frozen=True)
class SecureKafka:
    """Where the listener is, and the files that let a client in."""

    bootstrap: str
    ca_file: str
    certificate_file: str
    key_file: str

    def environment(self) -> dict[str, str]:
        """The settings that reach it."""
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
    """A running broker that lets nobody in without the certificate and the password."""
    settings = Settings(home=home)
    ports = {name: free_port() for name in ("inner", "port", "controller")}
    authority, files = (
        trustme.CA(),
        {n: home / f"{n}.pem" for n in ("ca", "server", "chain", "key")},
    )
    home.mkdir(parents=True)
    authority.cert_pem.write_to_path(files["ca"])
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(files["server"])
    own = authority.issue_cert("podrec.client")
    files["chain"].write_bytes(b"".join(part.bytes() for part in own.cert_chain_pems))
    files["key"].write_bytes(_pkcs8(own.private_key_pem.bytes()))
    files["server"].write_bytes(_pkcs8(files["server"].read_bytes()))
    properties = home / "server.properties"
    plain = kafka.properties(ports["inner"], ports["controller"], home / "data")
    properties.write_text(
        plain + _SECURITY.format(**ports, keystore=files["server"], ca=files["ca"])
    )
    java = [str(java_binary(settings)), "-cp", f"{jars.ensure_jars(settings, 'kafka')}/*"]
    login = f'SCRAM-SHA-512=[name="{USER}",password="{PASSWORD}"]'
    command = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        "-t",
        kafka.CLUSTER_ID,
        "-c",
        str(properties),
        "--add-scram",
        login,
    ]
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
    """The same PEM with its key as PKCS #8, the one form that the Java client reads."""
    from cryptography.hazmat.primitives import serialization as s

    key, certificates = (
        pem[: pem.index(b"-----BEGIN CERT")] if b"BEGIN CERT" in pem else pem,
        pem[pem.find(b"-----BEGIN CERT") :],
    )
    loaded = s.load_pem_private_key(key, None)
    rewritten = loaded.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    return rewritten + (certificates if b"BEGIN CERT" in pem else b"")
