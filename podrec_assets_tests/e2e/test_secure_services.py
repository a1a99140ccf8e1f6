"""TLS and SASL with the real broker, TLS in front of the Mongo server, and no leaked secrets."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
import trustme

from podrec_assets.errors import PodrecError, RetryableError, SettingsError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import KafkaStore, security
from podrec_assets.stores.mongo import MongoStore
from podrec_assets_tests.pipelines.listening.event_log import TODAY, at, event
from podrec_assets_tests.services.secure_kafka import PASSWORD, SecureKafka, secure_kafka

COUNT = 50


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with secure_kafka(tmp_path_factory.mktemp("secure") / "kafka") as running:
        yield running


def secure_settings(broker: SecureKafka, home: Path) -> Settings:
    fields = {
        name.removeprefix("PODREC_").lower(): value for name, value in broker.environment().items()
    }
    return Settings(home=home, **fields)  # type: ignore[arg-type]


@pytest.mark.services
@pytest.mark.parametrize("engine", ["local", "spark"])
def test_events_land_over_tls_and_scram_and_the_password_stays_unwritten(
    broker: SecureKafka, engine: str, tmp_path: Path
) -> None:
    topic = f"events-{engine}"
    settings = secure_settings(broker, tmp_path / "home").model_copy(update={"events_topic": topic})
    kafka = Connections(settings, {}).kafka
    kafka.ensure_topic(topic, 2)
    kafka.produce(topic, [event(n, at(0, 0.001 * n), user=f"u-{n % 5}") for n in range(COUNT)])

    environment = os.environ | broker.environment() | {
        "PODREC_HOME": str(settings.home), "PODREC_EVENTS_TOPIC": topic, "PODREC_ENGINE": engine,
    }  # fmt: skip
    command = [
        str(Path(sys.executable).with_name("podrec")),
        "run",
        "--select",
        "user_events",
        "--days",
        str(TODAY),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    rows = (
        Connections(settings, {})
        .lake.read("user_events", columns=("event_id",))["event_id"]
        .to_pylist()
    )
    assert sorted(rows) == sorted(f"id-{n}" for n in range(COUNT))
    written = [f for f in settings.home.rglob("*") if f.is_file()]
    key = Path(broker.key_file).read_text().splitlines()[1].encode()
    assert len(written) > 5
    for secret in (PASSWORD.encode(), key):
        assert [f for f in written if secret in f.read_bytes()] == []
        assert secret.decode() not in done.stdout + done.stderr


@pytest.mark.services
def test_a_wrong_password_is_refused_in_one_sentence_that_does_not_hold_it(
    broker: SecureKafka, tmp_path: Path
) -> None:
    settings = secure_settings(broker, tmp_path).model_copy(update={"kafka_username": "stranger"})
    with pytest.raises(RetryableError) as refused:
        KafkaStore(broker.bootstrap, security.client_properties(settings)).partitions("t")
    assert PASSWORD not in str(refused.value)
    assert str(refused.value).startswith(
        f"Kafka at {broker.bootstrap} and podrec do not trust each other"
    )
    assert "invalid credentials" in str(refused.value)


@pytest.mark.services
def test_an_authority_that_did_not_sign_the_broker_is_not_trusted(
    broker: SecureKafka, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    settings = secure_settings(broker, tmp_path).model_copy(update={"kafka_ca_file": str(other)})
    with pytest.raises(RetryableError, match="certificate verify failed"):
        KafkaStore(broker.bootstrap, security.client_properties(settings)).partitions("t")


def test_half_a_login_is_an_error_before_anything_connects(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PODREC_KAFKA_USERNAME"):
        security.spark_options(Settings(home=tmp_path, kafka_security_protocol="SASL_SSL"))
    with pytest.raises(SettingsError, match="together, or neither"):
        security.client_properties(
            Settings(home=tmp_path, kafka_security_protocol="SSL", kafka_key_file="k")
        )


def test_both_clients_are_told_the_same(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("PEM")
    settings = Settings(
        home=tmp_path,
        kafka_security_protocol="SASL_SSL",
        kafka_username='u"',
        kafka_password="p",
        kafka_ca_file=str(ca),
    )
    assert security.client_properties(settings) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": 'u"',
        "sasl.password": "p",
        "ssl.ca.location": str(ca),
    }
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    assert security.spark_options(settings) == {
        "kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": f'{module} required username="u\\"" password="p";',
        "kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.certificates": "PEM",
    }  # fmt: skip


@pytest.fixture
def mongo_behind_tls(mongo_uri: str, tmp_path: Path) -> Iterator[str]:
    """Runs a TLS relay in front of the Mongo server; yields its address."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "mongo-ca.pem")
    host, port = mongo_uri.removeprefix("mongodb://").split(":")

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            import socket

            with (
                context.wrap_socket(self.request, server_side=True) as outer,
                socket.create_connection((host, int(port))) as inner,
            ):
                back = threading.Thread(target=_pump, args=(inner, outer), daemon=True)
                back.start()
                _pump(outer, inner)

    class Server(ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that refuses the certificate is what one test is about."""

    with Server(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"mongodb://127.0.0.1:{server.server_address[1]}/?tls=true"
        server.shutdown()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass


@pytest.mark.services
def test_mongo_is_reached_over_tls_by_its_uri_alone(mongo_behind_tls: str, tmp_path: Path) -> None:
    trusting = MongoStore(f"{mongo_behind_tls}&tlsCAFile={tmp_path / 'mongo-ca.pem'}", "secure")
    version = trusting.write_version(
        "similarities", TODAY, "run-0001", [{"episode_id": "e", "items": []}]
    )
    assert trusting.documents("similarities", version.version) == [{"episode_id": "e", "items": []}]
    with pytest.raises(PodrecError):
        MongoStore(f"{mongo_behind_tls}&serverSelectionTimeoutMS=1000", "secure").ping()
