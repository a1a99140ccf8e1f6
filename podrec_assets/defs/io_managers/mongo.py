"""Reads and writes versioned Mongo collections for assets: a write is a new verified version for
each day of the run.
"""

from datetime import date

import dagster as dg
import pyarrow as pa

from podrec_assets.defs.io_managers.delta import add_day_metadata, preview
from podrec_assets.defs.io_managers.lineage import column_lineage
from podrec_assets.errors import MissingPartitionError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTION_KEYS
from podrec_assets.stores.mongo import Version

DailyDocs = dict[date, list[dict]]
"""Documents by the day that they are as of."""
PREVIEW_DOCS = 3
PREVIEW_FIELDS = ("rank", "episode_id", "title", "score", "cosine", "reason")
MADE_OF = {"similarities": "vectors", "als_top_n": "user_vs_episode_daily"}
"""The table whose first day is the first on which a collection can hold anything. A backfill that
the UI starts at the topics also targets the days before them that late events touch.
"""


class MongoIOManager(dg.ConfigurableIOManager):
    """Asset `x` is the collection `x`; its output is `DailyDocs`. Nothing served is ever
    overwritten.

    Fields: one document per (version, key) with `items`; the version is the day and the run's id.
    Content that equals the day's latest version is kept, so a repeated run changes nothing.
    """

    connections: dg.ResourceDependency[Connections]
    pinned: dict[str, str] = {}
    """Version to read of a collection instead of a day's latest one."""

    def handle_output(self, context: dg.OutputContext, obj: DailyDocs) -> None:
        name = context.asset_key.path[-1]
        written = [
            self._write(name, day, context.run_id, docs) for day, docs in sorted(obj.items())
        ]
        last = written[-1]
        context.add_output_metadata(
            {
                "dagster/table_name": f"{self.connections.settings.mongo_database}.{name}",
                "dagster/storage_kind": "mongodb",
                "dagster/partition_row_count": last.count,
                "row_count": last.count,
                "version": last.version,
                "checksum": last.checksum,
                "documents_by_day": {v.day.isoformat(): v.count for v in written},
                "preview": dg.MetadataValue.md(
                    preview_items(obj[last.day][:PREVIEW_DOCS], COLLECTION_KEYS[name])
                ),
                **column_lineage(name),
            }
        )
        if len(written) > 1:
            add_day_metadata(context.step_context, {v.day: v.count for v in written})

    def load_input(self, context: dg.InputContext) -> DailyDocs:
        """Documents of each of the input's days. Raises MissingPartitionError for a day without a
        version.
        """
        name = context.asset_key.path[-1]
        return {
            date.fromisoformat(key): self.load_day(name, date.fromisoformat(key))
            for key in context.asset_partition_keys
        }

    def load_day(self, name: str, day: date) -> list[dict]:
        """Documents of a day's latest complete version, or of the pinned one; none before the
        history that they rest on.
        """
        mongo = self.connections.mongo
        version = (
            mongo.version(name, self.pinned[name])
            if name in self.pinned
            else mongo.latest_version(name, day)
        )
        if version is None:
            begin = (
                self.connections.lake.state(MADE_OF[name]).first_day if name in MADE_OF else None
            )
            if begin and day < begin:
                return []
            raise MissingPartitionError(
                f"{name} has no version for {day}: run `podrec run --select {name} --days {day}..{day}` first."
            )
        self.connections.inputs.models.setdefault(day, {})[name] = version.version
        return mongo.documents(name, version.version)

    def _write(self, name: str, day: date, run_id: str, docs: list[dict]) -> Version:
        found = self.connections
        manifest = found.inputs.manifest(found.settings, found.lake, run_id, day)
        return found.mongo.write_version(name, day, run_id, docs, manifest)


def document_schema(name: str) -> dg.TableSchema:
    """The fields of a collection's documents as Dagster shows them."""
    key = COLLECTION_KEYS[name]
    return dg.TableSchema(
        [
            dg.TableColumn("_id", "string", "version:key"),
            dg.TableColumn("version", "string", "Day and run that wrote the document."),
            dg.TableColumn("day", "string", "Day that the document is as of, ISO 8601."),
            dg.TableColumn(key, "string", "Whose list it is."),
            dg.TableColumn(
                "items", "array", "The ranked list: rank from 1, episode_id, score and evidence."
            ),
        ]
    )


def preview_items(docs: list[dict], key: str) -> str:
    """The first items of some documents as a Markdown table: what all items have, and the reason
    where there is one.
    """
    rows = [
        {key: doc[key]} | {f: item[f] for f in PREVIEW_FIELDS if f in item}
        for doc in docs
        for item in doc["items"][:2]
    ]
    return preview(pa.Table.from_pylist(rows)) if rows else "_no items_"
