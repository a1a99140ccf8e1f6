"""Versions, verdicts and the pointer, and how they are stored in Mongo."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime

OWN_FIELDS = ("_id", "version", "day")
"""Fields that the store adds to a document."""


@dataclass(frozen=True)
class Verdict:
    """The gate's verdict on one version.

    Attributes:
        checksum: of the judged documents; a verdict on other documents does not count.
        findings: one for each check: {check, passed, forceable, says, value, bound}.
        run_id: the run that judged.
        compared_with: the served version of the comparisons; None before the first publication.
        overruled_at: when a person published the version anyway, ISO 8601.
    """

    checksum: str
    findings: tuple[dict, ...]
    run_id: str
    compared_with: str | None = None
    overruled_at: str | None = None

    @property
    def passed(self) -> bool:
        return all(f["passed"] for f in self.findings)

    @property
    def allows(self) -> bool:
        """Whether the version may be served."""
        return self.passed or self.overruled_at is not None

    @property
    def refusals(self) -> list[str]:
        """One sentence for each check that refused, with its name."""
        return [f"{f['check']}: {f['says']}" for f in self.findings if not f["passed"]]

    @property
    def is_forceable(self) -> bool:
        """Whether only comparisons refused, which a person may overrule."""
        return all(f["passed"] or f["forceable"] for f in self.findings)


@dataclass(frozen=True)
class Version:
    """A complete, verified version of a collection; `verdict` is None until the gate judged it."""

    collection: str
    version: str
    day: date
    count: int
    checksum: str
    manifest: dict = field(default_factory=dict)
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Publication:
    """The pointer: the served version of each collection and its day; `v` counts the moves.

    `withdrawn` are the episodes that the served lists have but readers leave out.
    """

    day: date
    versions: dict[str, str]
    v: int
    previous: dict[str, str]
    withdrawn: list[str] = field(default_factory=list)


def checksum(docs: Iterable[dict], key: str) -> str:
    """Returns the sha256 of the documents in key order, of every field but the store's own."""
    digest = hashlib.sha256()
    for doc in sorted(docs, key=lambda d: d[key]):
        digest.update(json.dumps(without_own_fields(doc), sort_keys=True).encode())
    return digest.hexdigest()


def without_own_fields(doc: dict) -> dict:
    """Returns a stored document as it was given to the store."""
    return {k: v for k, v in doc.items() if k not in OWN_FIELDS}


def entry_id(collection: str, version: str) -> str:
    """Returns the `_id` of a version's entry."""
    return f"{collection}:{version}"


def to_entry(version: Version) -> dict:
    """Returns the entry that lists a version which has not been judged yet."""
    return {
        "collection": version.collection,
        "version": version.version,
        "day": version.day.isoformat(),
        "count": version.count,
        "checksum": version.checksum,
        "manifest": version.manifest,
        "created_at": datetime.now(UTC),
    }


def from_entry(entry: dict) -> Version:
    """Reads a version; its verdict only if it was passed on exactly these documents."""
    stored = entry.get("verdict")
    verdict = Verdict(**stored | {"findings": tuple(stored["findings"])}) if stored else None
    return Version(
        entry["collection"],
        entry["version"],
        date.fromisoformat(entry["day"]),
        entry["count"],
        entry["checksum"],
        entry.get("manifest", {}),
        verdict if verdict and verdict.checksum == entry["checksum"] else None,
    )


def to_pointer(publication: Publication) -> dict:
    """Returns the one document that every reader reads first."""
    return {"_id": "current", **asdict(publication), "day": publication.day.isoformat()}


def from_pointer(document: dict) -> Publication:
    return Publication(
        date.fromisoformat(document["day"]),
        document["versions"],
        document["v"],
        document.get("previous", {}),
        document.get("withdrawn", []),
    )


def age_order(entry: dict) -> tuple:
    """Sort key of entries: by day, within a day by creation."""
    return entry["day"], entry["created_at"], entry["_id"]
