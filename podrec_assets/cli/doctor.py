"""`podrec doctor`: checks the installation, and with --deep that the stores agree."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out, say
from podrec_assets.content.similarity.encoder_choice import make_encoder
from podrec_assets.defs.audit.audits import audits, examine
from podrec_assets.defs.audit.findings import Finding
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import DamagedTableError, PodrecError, SetupError, sentence
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES
from podrec_assets.services import embedding_model, jars, java, supervisor
from podrec_assets.settings import Settings

UP = "run `podrec up`"
Part = tuple[str, Callable[[], str], str]
"""Its name, a function that checks it, and the remedy."""


def doctor(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also verify offsets, row counts, versions and pointers."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check what is installed, reachable or missing, and say how to fix it.

    --deep reads whole tables to verify that Kafka, the lake, MongoDB and Dagster agree. It changes
    nothing. Exits 1 if anything is missing or wrong.

    Example: podrec doctor --deep
    """
    connections = connect()
    findings = diagnose(connections)
    if deep:
        findings += verify(connections, say)
    emit({"findings": [asdict(f) for f in findings]}, as_json, print_findings)
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


def diagnose(connections: Connections) -> list[Finding]:
    """Returns one finding for each part that podrec needs."""
    return [_finding(*part) for part in needed_parts(connections)]


def needed_parts(connections: Connections) -> list[Part]:
    """Returns what these settings need."""
    settings = connections.settings
    embedded = [n for n in ("kafka", "mongo") if supervisor.status(settings)[n]["embedded"]]
    has_spark = "spark" in (settings.engine, settings.compute)
    jvms = [*embedded, *(["spark"] if has_spark else [])]
    of_jvms: list[Part] = [
        (
            "Java",
            lambda: str(java.java_home(settings)),
            "run `make setup`, or set JAVA_HOME to a Java 17 or 21",
        ),
        ("jars", partial(_jars, settings, jvms), "run `podrec up` once with network access"),
    ]
    model = settings.embedding_model
    return [
        ("Python", lambda: sys.version.split()[0], "install Python 3.11 or newer"),
        *(of_jvms if jvms else []),
        ("lake", partial(_lake, connections), "check PODREC_LAKE"),
        (
            "embedding model",
            partial(_embedding_model, settings),
            "check PODREC_EMBEDDING_MODEL" if model else f"{UP} once with network access",
        ),
        *(
            (
                service,
                partial(_address, connections, service),
                UP if service in embedded else f"check {setting}",
            )
            for service, setting in (
                ("kafka", "PODREC_KAFKA_BOOTSTRAP"),
                ("mongo", "PODREC_MONGO_URI"),
            )
        ),
        # They serve the demo on embedded services.
        *([("samples", partial(_address, connections, "samples"), UP)] if embedded else []),
    ]


def verify(connections: Connections, say: Callable[[str], None]) -> list[Finding]:
    """Returns one finding for each inconsistency, and one for each audit that found none."""
    findings: list[Finding] = []
    with open_instance(connections.settings) as instance:
        for audit in audits(instance):
            say(f"verifying {audit.what}")
            findings += examine(connections, audit)
    return findings


def print_findings(document: dict) -> None:
    """Prints one line per finding, with the remedy for a fault."""
    for finding in document["findings"]:
        mark = ("ok   ", "green") if finding["ok"] else ("fault", "red")
        remedy = "" if finding["ok"] else f" -> {finding['remedy']}"
        out.print(line(mark, f" {finding['what']}: {finding['detail']}{remedy}"))


def _finding(what: str, detail: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(what, True, detail(), remedy)
    except DamagedTableError as err:
        return Finding(what, False, err.detail, err.remedy)
    except (PodrecError, OSError) as err:
        return Finding(what, False, sentence(err).rstrip("."), remedy)


def _jars(settings: Settings, jvms: list[str]) -> str:
    paths = [str(jars.ensure_jars(settings, name)) for name in jvms]
    return f"verified under {', '.join(paths)}"


def _lake(connections: Connections) -> str:
    days = connections.lake.state(EPISODES.name).days
    return f"{connections.settings.lake_root}, {len(days)} days of {EPISODES.name}"


def _embedding_model(settings: Settings) -> str:
    if settings.embedding_model:
        return make_encoder(settings.embedding_model).check_installed()
    folder = embedding_model.folder(settings)
    if not folder.exists():
        raise SetupError(f"{folder} is absent")
    return str(folder)


def _address(connections: Connections, service: str) -> str:
    """Returns the address of a service after it has answered."""
    address = supervisor.address(connections.settings, service)
    if service == "kafka":
        connections.kafka.end_offsets(connections.settings.events_topic)
    elif service == "mongo":
        connections.mongo.ping()
    return address
