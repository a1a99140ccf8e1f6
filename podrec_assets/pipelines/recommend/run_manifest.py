"""What a version of lists was made from: with a manifest an old list can be made again, or followed
to its events.
"""

from dataclasses import dataclass, field
from datetime import date

from podrec_assets.pipelines.recommend.code_version import code_version
from podrec_assets.schemas import COLLECTIONS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.mongo import MongoStore


@dataclass
class InputsRead:
    """The versions that this process last read inputs at. A step reads its inputs just before it
    writes, so they are its own.

    Attributes:
        tables: Delta version by table.
        models: version by collection, by day.
    """

    tables: dict[str, int] = field(default_factory=dict)
    models: dict[date, dict[str, str]] = field(default_factory=dict)

    def manifest(self, settings: Settings, lake: Lake, run_id: str, day: date) -> dict:
        """What the version of a day is made from.

        Returns:
            run_id; delta_versions by table, as read or else the present one; models: version by
            collection, of those read for the day; engine; settings that change results; code: see
            `code_version`.
        """
        return {
            "run_id": run_id,
            "delta_versions": lake.versions() | self.tables,
            "models": self.models.get(day, {}),
            "engine": settings.engine,
            "settings": settings.results(),
            "code": code_version(),
        }


def named_versions(mongo: MongoStore) -> dict[str, dict[int, list[str]]]:
    """By table, the Delta versions that kept lists and models were made of, each with these as
    "collection version".
    """
    named: dict[str, dict[int, list[str]]] = {}
    for collection in COLLECTIONS:
        for made in mongo.versions(collection):
            for table, version in made.manifest.get("delta_versions", {}).items():
                named.setdefault(table, {}).setdefault(version, []).append(
                    f"{collection} {made.version}"
                )
    return named
