"""Rebuilds an old version of a collection from its recorded inputs, to prove that it can be.

The same asset runs on the same Delta versions, models and settings, and writes nothing.
"""

from dataclasses import asdict, dataclass

import dagster as dg
from pydantic import Field

from podrec_assets.defs.assets.content import similarities
from podrec_assets.defs.assets.listening import als_top_n
from podrec_assets.defs.assets.recommendations import final_recommendations
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import DailyDocs, MongoIOManager
from podrec_assets.defs.partitions import DAILY, range_tags
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.errors import PermanentError, PodrecError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import code_version
from podrec_assets.schemas import ALS_TOP_N, COLLECTION_KEYS, COLLECTIONS, LISTS, SIMILARITIES
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Version, checksum

VERSIONS_SHOWN = 5
ASSETS = {ALS_TOP_N: als_top_n, SIMILARITIES: similarities, LISTS: final_recommendations}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Rebuilt:
    """A version compared with its rebuild.

    Attributes:
        checksum: of the version's documents.
        rebuilt_checksum: of the rebuilt documents; equal checksums mean the same bytes.
        differing_count: number of documents that are not the same.
        code: `code_version` of the run that made the version.
        code_now: `code_version` of the rebuild.
    """

    collection: str
    version: str
    day: str
    count: int
    checksum: str
    rebuilt_count: int
    rebuilt_checksum: str
    differing_count: int
    delta_versions: dict[str, int]
    models: dict[str, str]
    code: str | None
    code_now: str

    @property
    def is_identical(self) -> bool:
        return self.checksum == self.rebuilt_checksum

    def document(self) -> dict:
        return {**asdict(self), "is_identical": self.is_identical}


def rebuild(connections: Connections, version: str, collection: str = LISTS) -> Rebuilt:
    """Rebuilds a version with its asset, from the inputs in its manifest. Writes nothing.

    Raises:
        UnknownIdError: there is no such version, or no longer; the message names some.
        PermanentError: the manifest is incomplete, or an old version of a table was removed.
    """
    original = _version(connections, version, collection)
    documents = _rebuilt_documents(connections, original)
    key = COLLECTION_KEYS[collection]
    old = {d[key]: d for d in connections.mongo.documents(collection, version)}
    new = {d[key]: d for d in documents}
    return Rebuilt(
        collection,
        version,
        original.day.isoformat(),
        original.count,
        original.checksum,
        len(documents),
        checksum(documents, key),
        sum(old.get(k) != new.get(k) for k in old.keys() | new.keys()),
        original.manifest["delta_versions"],
        original.manifest["models"],
        original.manifest.get("code"),
        code_version(),
    )


def _version(connections: Connections, version: str, collection: str) -> Version:
    if collection not in COLLECTIONS:
        raise UnknownIdError(f"unknown collection {collection!r}; known: {', '.join(COLLECTIONS)}.")
    original = connections.mongo.version(collection, version)
    if original is None:
        newest = connections.mongo.versions(collection)[:VERSIONS_SHOWN]
        known = ", ".join(v.version for v in newest) or "none"
        raise UnknownIdError(
            f"{collection} has no version {version!r}, or it was pruned; newest: {known}."
        )
    if reason := _why_not(original.manifest):
        raise PermanentError(f"Version {version} of {collection} cannot be rebuilt: {reason}.")
    return original


def _why_not(manifest: dict) -> str | None:
    """Why this podrec cannot rebuild a version with the manifest; None if it can."""
    needed = ("delta_versions", "models", "settings", "engine")
    if missing := [name for name in needed if name not in manifest]:
        return f"its manifest has no {', '.join(missing)}"
    if unknown := sorted(manifest["settings"].keys() - Settings.model_fields.keys()):
        return f"this podrec has no setting {', '.join(unknown)}"
    return None


class _MemoryIOManager(dg.IOManager):
    """Reads the pinned models, and keeps the asset's documents instead of writing them."""

    def __init__(self, reader: MongoIOManager) -> None:
        self.reader, self.documents = reader, DailyDocs()

    def handle_output(self, _context: dg.OutputContext, obj: DailyDocs) -> None:
        self.documents = obj

    def load_input(self, context: dg.InputContext) -> DailyDocs:
        return self.reader.load_input(context)


def _rebuilt_documents(connections: Connections, original: Version) -> list[dict]:
    """The documents that the asset returns for the version's inputs, in a run without records."""
    manifest = original.manifest
    settings = connections.settings.model_copy(
        update={**manifest["settings"], "engine": manifest["engine"]}
    )
    pinned = Connections(settings, connections.storage_options, pinned=manifest["delta_versions"])
    memory = _MemoryIOManager(MongoIOManager(connections=pinned, pinned=manifest["models"]))
    resources = {
        "connections": pinned,
        "delta": DeltaIOManager(connections=pinned),
        "mongo": memory,
        "spark": SparkResource.from_settings(settings),
    }
    asset = ASSETS[original.collection]
    try:
        dg.materialize(
            [asset, *_inputs(asset)],
            selection=[asset],
            resources=resources,
            tags=range_tags(original.day, original.day),
            run_config=QUIET,
        )
    except dg.DagsterError as err:
        raise _cause(err) from err
    return memory.documents[original.day]


def _inputs(asset: dg.AssetsDefinition) -> list[dg.AssetSpec]:
    """The inputs of an asset as external assets, each with its IO manager."""
    names = {key.path[-1] for key in asset.keys_by_input_name.values()}
    return [
        dg.AssetSpec(n, partitions_def=DAILY).with_io_manager_key(
            "mongo" if n in COLLECTIONS else "delta"
        )
        for n in names
    ]


def _cause(err: BaseException) -> BaseException:
    """The podrec error that Dagster wrapped, or else `err` itself."""
    cause: BaseException | None = err
    while cause is not None and not isinstance(cause, PodrecError):
        cause = cause.__cause__
    return cause or err


class RebuildConfig(dg.Config):
    """What to rebuild."""

    version: str = Field(description="Version of the collection, e.g. 2026-11-01.1a2b3c4d.")
    collection: str = Field(LISTS, description="final_recommendations, als_top_n or similarities.")


@dg.op(description="Rebuilds a version from its manifest. Fails if any byte differs.")
def rebuild_version(
    context: dg.OpExecutionContext,
    config: RebuildConfig,
    connections: dg.ResourceParam[Connections],
) -> None:
    rebuilt = rebuild(connections, config.version, config.collection)
    context.log_event(
        dg.AssetObservation(rebuilt.collection, partition=rebuilt.day, metadata=rebuilt.document())
    )
    if not rebuilt.is_identical:
        raise dg.Failure(difference(rebuilt))


@dg.job(
    description="Rebuilds an old version from the inputs, models and settings in its manifest, and "
    "compares the bytes. Writes nothing."
)
def rebuild_list() -> None:
    rebuild_version()


def difference(rebuilt: Rebuilt) -> str:
    """One sentence on what differs, and one on the likely reason."""
    why = (
        ""
        if rebuilt.code == rebuilt.code_now
        else f" It was made by code {rebuilt.code}; this is {rebuilt.code_now}."
    )
    return (
        f"{rebuilt.differing_count} of {rebuilt.count} documents of {rebuilt.version} differ from "
        f"their rebuild.{why}"
    )
