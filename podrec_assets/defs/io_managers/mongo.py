"""The Mongo IO manager: a write is a new verified version for each day of the run."""

from datetime import date

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.io_managers.delta import add_day_metadata, preview
from podrec_assets.defs.io_managers.lineage import column_lineage
from podrec_assets.errors import MissingPartitionError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    ALS_TOP_N,
    COLLECTION_KEYS,
    SIMILARITIES,
    USER_VS_EPISODE_DAILY,
    VECTORS,
)
from podrec_assets.stores.mongo import Version

DailyDocs = dict[date, list[dict]]
"""Documents by the day for which they were made."""
PREVIEW_DOCS = 3
PREVIEW_FIELDS = ("rank", "episode_id", "title", "score", "cosine", "reason")
SOURCE_TABLES = {SIMILARITIES: VECTORS.name, ALS_TOP_N: USER_VS_EPISODE_DAILY.name}
"""Table by collection; before the table's first day the collection is empty and not missing.

A backfill that the UI starts at the topics also targets earlier days, because of late events.
"""


class MongoIOManager(dg.ConfigurableIOManager):
    """Asset `x` is the collection `x`; its output is `DailyDocs`. Versions are never overwritten.

    A collection has one document per version and key, with `items`. A version's name is the day and
    the run's id. If the content equals the day's latest version, no new version is written, so a
    repeated run changes nothing.
    """

    connections: dg.ResourceDependency[Connections]
    pinned: dict[str, str] = {}
    """Version to read instead of a day's latest one, by collection."""

    def handle_output(self, context: dg.OutputContext, obj: DailyDocs) -> None:
        name = context.asset_key.path[-1]
        versions = [
            self._write(name, day, context.run_id, docs) for day, docs in sorted(obj.items())
        ]
        last = versions[-1]
        context.add_output_metadata(
            {
                "dagster/table_name": f"{self.connections.settings.mongo_database}.{name}",
                "dagster/storage_kind": "mongodb",
                "dagster/partition_row_count": last.count,
                "row_count": last.count,
                "version": last.version,
                "checksum": last.checksum,
                "documents_by_day": {v.day.isoformat(): v.count for v in versions},
                "preview": dg.MetadataValue.md(
                    preview_items(obj[last.day][:PREVIEW_DOCS], COLLECTION_KEYS[name])
                ),
                **column_lineage(name),
            }
        )
        if len(versions) > 1:
            add_day_metadata(context, {v.day: v.count for v in versions})

    def load_input(self, context: dg.InputContext) -> DailyDocs:
        """Reads the input's days. Raises MissingPartitionError for a day without a version."""
        name = context.asset_key.path[-1]
        return {
            date.fromisoformat(key): self.load_day(name, date.fromisoformat(key))
            for key in context.asset_partition_keys
        }

    def load_day(self, name: str, day: date) -> list[dict]:
        """Documents of a day's latest complete version, or of the pinned version.

        Empty before the first day of the collection's source table.
        """
        mongo = self.connections.mongo
        version = (
            mongo.version(name, self.pinned[name])
            if name in self.pinned
            else mongo.latest_version(name, day)
        )
        if version is None:
            first_day = self._first_day(name)
            if first_day and day < first_day:
                return []
            raise MissingPartitionError(
                f"{name} has no version for {day}: "
                f"run `podrec run --select {name} --days {day}..{day}` first."
            )
        self.connections.inputs.models.setdefault(day, {})[name] = version.version
        return mongo.documents(name, version.version)

    def _first_day(self, name: str) -> date | None:
        table = SOURCE_TABLES.get(name)
        return self.connections.lake.state(table).first_day if table else None

    def _write(self, name: str, day: date, run_id: str, docs: list[dict]) -> Version:
        lake, settings = self.connections.lake, self.connections.settings
        manifest = self.connections.inputs.manifest(settings, lake, run_id, day)
        return self.connections.mongo.write_version(name, day, run_id, docs, manifest)


def document_schema(name: str) -> dg.TableSchema:
    """The fields of a collection's documents as the UI shows them."""
    key = COLLECTION_KEYS[name]
    return dg.TableSchema(
        [
            dg.TableColumn("_id", "string", "version:key"),
            dg.TableColumn("version", "string", "Day and run that wrote the document."),
            dg.TableColumn("day", "string", "Day for which the document was made, ISO 8601."),
            dg.TableColumn(key, "string", "Listener or episode whose list it is."),
            dg.TableColumn(
                "items", "array", "Ranked items: rank from 1, episode_id, score and evidence."
            ),
        ]
    )


def preview_items(docs: list[dict], key: str) -> str:
    """The first two items of each document as a Markdown table of PREVIEW_FIELDS."""
    rows = [
        {key: doc[key]} | {f: item[f] for f in PREVIEW_FIELDS if f in item}
        for doc in docs
        for item in doc["items"][:2]
    ]
    return preview(pa.Table.from_pylist(rows)) if rows else "_no items_"
