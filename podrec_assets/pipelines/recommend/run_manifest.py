"""Manifests: what a version of lists was made from, so that it can be rebuilt and traced."""

from dataclasses import dataclass, field
from datetime import date

from podrec_assets.pipelines.recommend.code_version import code_version
from podrec_assets.schemas import COLLECTIONS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.mongo import MongoStore


@dataclass
class InputsRead:
    """Versions of the inputs that this process read last.

    A step reads its inputs just before it writes, so they are its own.

    Attributes:
        tables: Delta version by table.
        models: version by collection, by day.
    """

    tables: dict[str, int] = field(default_factory=dict)
    models: dict[date, dict[str, str]] = field(default_factory=dict)

    def manifest(self, settings: Settings, lake: Lake, run_id: str, day: date) -> dict:
        """Returns the manifest of a day's version.

        Returns:
            run_id: Dagster run.
            delta_versions: version by table, as read, else the current one.
            models: version by collection, of those read for the day.
            engine: compute engine.
            settings: the settings that change results.
            code: see `code_version`.
        """
        return {
            "run_id": run_id,
            "delta_versions": lake.versions() | self.tables,
            "models": self.models.get(day, {}),
            "engine": settings.engine,
            "settings": settings.results(),
            "code": code_version(),
        }


def versions_in_manifests(mongo: MongoStore) -> dict[str, dict[int, list[str]]]:
    """Returns, by table and Delta version, the "collection version"s that were made from it."""
    users: dict[str, dict[int, list[str]]] = {}
    for collection in COLLECTIONS:
        for entry in mongo.versions(collection):
            for table, version in entry.manifest.get("delta_versions", {}).items():
                names = users.setdefault(table, {}).setdefault(version, [])
                names.append(f"{collection} {entry.version}")
    return users
