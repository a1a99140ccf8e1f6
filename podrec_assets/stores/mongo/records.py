"""What is kept of a version and of the pointer, and how it is written down. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime

OWN_FIELDS = ("_id", "version", "day")
"""Fields that the store adds to a document."""


@dataclass(frozen=True)
class Verdict:
    """What the gate found of one version.

    Attributes:
        checksum: of the documents that were judged; a verdict on other documents counts for
            nothing.
        findings: one for each check: {check, passed, forceable, says, value, bound}.
        run_id: the run that judged.
        compared_with: the served version that the comparisons rest on; None before the first
            publication.
        overruled_at: when a person published the version all the same, ISO 8601.
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
    """A complete, verified version of a collection; `verdict` is the gate's, None until it was
    judged.
    """

    collection: str
    version: str
    day: date
    count: int
    checksum: str
    manifest: dict = field(default_factory=dict)
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Publication:
    """The pointer: which version of each collection is served, for which day; `v` counts its moves."""

    day: date
    versions: dict[str, str]
    v: int
    previous: dict[str, str]


def checksum(docs: Iterable[dict], key: str) -> str:
    """sha256 over the documents' keys and items in key order, whatever order they come in."""
    digest = hashlib.sha256()
    for doc in sorted(docs, key=lambda d: d[key]):
        digest.update(json.dumps(plain(doc), sort_keys=True).encode())
    return digest.hexdigest()


def plain(doc: dict) -> dict:
    """A stored document as it was given."""
    return {k: v for k, v in doc.items() if k not in OWN_FIELDS}


def to_entry(version: Version) -> dict:
    """The entry that lists a version which nobody has judged yet."""
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
    """A version with the verdict that was passed on exactly these documents."""
    found = entry.get("verdict")
    verdict = Verdict(**found | {"findings": tuple(found["findings"])}) if found else None
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
    """The one document that readers begin with."""
    return {"_id": "current", **asdict(publication), "day": publication.day.isoformat()}


def from_pointer(found: dict) -> Publication:
    return Publication(
        date.fromisoformat(found["day"]), found["versions"], found["v"], found.get("previous", {})
    )


def age_order(entry: dict) -> tuple:
    """Sorts entries of versions: by day, within it as they were made."""
    return entry["day"], entry["created_at"], entry["_id"]
