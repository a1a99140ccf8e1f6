"""An old version made again from what it was made of, to show that it can be: the same asset on the
same inputs.
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
from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Version, checksum

KNOWN_SHOWN = 5
MAKERS = {
    "als_top_n": als_top_n,
    "similarities": similarities,
    "final_recommendations": final_recommendations,
}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Rebuilt:
    """A version beside what its inputs make now.

    Attributes:
        checksum: of the version; rebuilt_checksum: of the documents made again. Equal means the
            same bytes.
        differing_count: documents that are not the same.
        code: what made the version; code_now: what made it again.
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
    """A version made again by its asset from its manifest's Delta versions, models, settings and
    engine. Writes nothing.

    Raises:
        UnknownIdError: there is no such version (any more); names some.
        PermanentError: the manifest does not say enough, or a table's old version is no longer
            kept.
    """
    made = _version(connections, version, collection)
    documents = _made_again(connections, made)
    key = COLLECTION_KEYS[collection]
    old = {d[key]: d for d in connections.mongo.documents(collection, version)}
    new = {d[key]: d for d in documents}
    return Rebuilt(
        collection,
        version,
        made.day.isoformat(),
        made.count,
        made.checksum,
        len(documents),
        checksum(documents, key),
        sum(old.get(k) != new.get(k) for k in old.keys() | new.keys()),
        made.manifest["delta_versions"],
        made.manifest["models"],
        made.manifest.get("code"),
        code_version(),
    )


def _version(connections: Connections, version: str, collection: str) -> Version:
    if collection not in COLLECTIONS:
        raise UnknownIdError(f"unknown collection {collection!r}; known: {', '.join(COLLECTIONS)}.")
    made = connections.mongo.version(collection, version)
    if made is None:
        known = ", ".join(v.version for v in connections.mongo.versions(collection)[:KNOWN_SHOWN])
        raise UnknownIdError(
            f"{collection} has no version {version!r}, or it was pruned; newest: {known or 'none'}."
        )
    lacking = [
        name
        for name in ("delta_versions", "models", "settings", "engine")
        if name not in made.manifest
    ]
    unknown = sorted(made.manifest.get("settings", {}).keys() - Settings.model_fields.keys())
    if lacking or unknown:
        raise PermanentError(
            f"Version {version} of {collection} cannot be made again: "
            + (
                f"its manifest lacks {', '.join(lacking)}."
                if lacking
                else f"this podrec has no setting {', '.join(unknown)}."
            )
        )
    return made


class _Kept(dg.IOManager):
    """Reads the pinned models, and keeps what the asset makes instead of writing it."""

    def __init__(self, reader: MongoIOManager) -> None:
        self.reader, self.documents = reader, DailyDocs()

    def handle_output(self, context: dg.OutputContext, obj: DailyDocs) -> None:
        self.documents = obj

    def load_input(self, context: dg.InputContext) -> DailyDocs:
        return self.reader.load_input(context)


def _made_again(connections: Connections, made: Version) -> list[dict]:
    """The documents that the collection's asset makes on the version's inputs, in a run that
    nothing records.
    """
    manifest = made.manifest
    settings = connections.settings.model_copy(
        update={**manifest["settings"], "engine": manifest["engine"]}
    )
    pinned = Connections(settings, connections.storage_options, pinned=manifest["delta_versions"])
    kept = _Kept(MongoIOManager(connections=pinned, pinned=manifest["models"]))
    resources = {
        "connections": pinned,
        "delta": DeltaIOManager(connections=pinned),
        "mongo": kept,
        "spark": SparkResource.from_settings(settings),
    }
    maker = MAKERS[made.collection]
    day = range_tags(made.day, made.day)
    try:
        dg.materialize(
            [maker, *_inputs(maker)],
            selection=[maker],
            resources=resources,
            tags=day,
            run_config=QUIET,
        )
    except dg.DagsterError as err:
        raise _cause(err) from err
    return kept.documents[made.day]


def _inputs(maker: dg.AssetsDefinition) -> list[dg.AssetSpec]:
    """What an asset reads, as assets that are only read, each by its IO manager."""
    names = {key.path[-1] for key in maker.keys_by_input_name.values()}
    return [
        dg.AssetSpec(n, partitions_def=DAILY).with_io_manager_key(
            "mongo" if n in COLLECTIONS else "delta"
        )
        for n in names
    ]


def _cause(err: BaseException) -> BaseException:
    """The error of podrec that Dagster wrapped, or the wrapping itself."""
    found: BaseException | None = err
    while found is not None and not isinstance(found, PodrecError):
        found = found.__cause__
    return found or err


class RebuildConfig(dg.Config):
    """What is to be made again."""

    version: str = Field(description="Version of the collection, e.g. 2026-11-01.1a2b3c4d.")
    collection: str = Field(LISTS, description="final_recommendations, als_top_n or similarities.")


@dg.op(
    description="Makes a version again from its manifest and compares it; fails when a byte differs."
)
def make_again(
    context: dg.OpExecutionContext,
    config: RebuildConfig,
    connections: dg.ResourceParam[Connections],
) -> None:
    found = rebuild(connections, config.version, config.collection)
    context.log_event(
        dg.AssetObservation(found.collection, partition=found.day, metadata=found.document())
    )
    if not found.is_identical:
        raise dg.Failure(difference(found))


@dg.job(
    description="Makes an old version again from the inputs, models and settings of its manifest, and compares it."
)
def rebuild_list() -> None:
    make_again()


def difference(found: Rebuilt) -> str:
    """What is not the same, in a sentence, and the likely reason."""
    why = (
        ""
        if found.code == found.code_now
        else f" It was made by code {found.code}, this is {found.code_now}."
    )
    return f"{found.differing_count} of {found.count} documents of {found.version} are made differently now.{why}"
