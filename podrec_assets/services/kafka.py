"""The embedded Kafka: a real broker in KRaft mode, one node, loopback only."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from podrec_assets.errors import ServiceError
from podrec_assets.services import jars, process
from podrec_assets.services.java import java_binary
from podrec_assets.services.ports import answers, choose_port
from podrec_assets.settings import Settings

CLUSTER_ID = "cG9kcmVjLWVtYmVkZGVkMQ"
READY_WAIT_S = 90.0
_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.segment.bytes=67108864
log.retention.ms=-1
# The default, 128 MB, is half of the heap: no compacted topic was cleaned.
log.cleaner.dedupe.buffer.size=4194304
"""


def start(
    settings: Settings,
    earlier: process.Running | None,
    log: Path,
    state: Path,
    say: Callable[[str], None],
) -> process.Running:
    """Starts the broker and waits until it listens. Data is kept under HOME/kafka.

    Raises:
        ServiceError: it exited, or did not listen in time; names the log.
    """
    broker = choose_port("kafka", settings.kafka_port, process.port_of(earlier, "kafka"), say)
    controller = choose_port("controller", 0, process.port_of(earlier, "controller"), say)
    home = settings.home / "kafka"
    home.mkdir(parents=True, exist_ok=True)
    file = home / "server.properties"
    file.write_text(properties(broker, controller, home / "data"))
    java = [str(java_binary(settings)), "-cp", f"{jars.ensure_jars(settings, 'kafka')}/*"]
    _format(java, file)
    options = ["-Xms128m", "-Xmx256m", "-XX:+UseSerialGC"]
    command = [*java[:1], *options, *java[1:], "kafka.Kafka", str(file)]
    # After kill -9 the broker first recovers its log, which can take 15 seconds.
    return process.start_and_wait(
        "The Kafka broker",
        command,
        log,
        state,
        {"kafka": broker, "controller": controller},
        lambda: answers(broker),
        READY_WAIT_S,
    )


def properties(broker: int, controller: int, data: Path) -> str:
    """Returns the broker's configuration for two loopback ports and a data folder."""
    return _PROPERTIES.format(broker=broker, controller=controller, data=data)


def _format(java: list[str], file: Path) -> None:
    tool = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(file)]
    result = subprocess.run(
        [*tool, "--ignore-formatted"], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        last_line = (result.stderr or result.stdout).strip().splitlines()[-1]
        raise ServiceError(f"Kafka's data folder could not be formatted: {last_line}")
