"""Collections in Mongo: the pointer, the documents of kept versions, and what their manifests name."""

from collections.abc import Iterator

from podrec_assets.defs.audit.findings import Fault, again
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import named_versions
from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.stores.delta import maintenance
from podrec_assets.stores.mongo import Publication, Version, checksum

NAMED = 3


def pointer_holds(connections: Connections) -> Iterator[Fault]:
    """Served versions that are not complete, were refused, are not what was written, or do not
    belong together.
    """
    mongo = connections.mongo
    published = mongo.publication()
    if published is None:
        return
    remedy = f"`podrec publish --day {published.day}`, or another day that has lists"
    for collection, name in sorted(published.versions.items()):
        version = mongo.version(collection, name)
        if version is None:
            yield Fault(
                f"{collection} {name} is served, but no complete version has that name", remedy
            )
            continue
        documents = mongo.documents(collection, name)
        if (
            len(documents) == version.count
            and checksum(documents, COLLECTION_KEYS[collection]) != version.checksum
        ):
            yield Fault(
                f"the documents of {collection} {name} were changed since they were verified",
                made_again(version),
            )
        if collection == LISTS:
            yield from _served_lists(published, version, remedy)


def _served_lists(published: Publication, lists: Version, remedy: str) -> Iterator[Fault]:
    if not (lists.verdict and lists.verdict.allows):
        yield Fault(
            f"{LISTS} {lists.version} is served although the gate did not let it pass", remedy
        )
    for collection, made_from in lists.manifest.get("models", {}).items():
        if (served := published.versions.get(collection)) != made_from:
            yield Fault(
                f"the served lists were made from {collection} {made_from}, but {served} is served",
                remedy,
            )


def documents_are_all_there(connections: Connections) -> Iterator[Fault]:
    """Kept versions with fewer or more documents than they were written with."""
    mongo = connections.mongo
    for collection in COLLECTIONS:
        for version in mongo.versions(collection):
            found = mongo.document_count(collection, version.version)
            if found != version.count:
                yield Fault(
                    f"{collection} {version.version} holds {found} of {version.count} documents",
                    made_again(version),
                )


def manifests_can_be_followed(connections: Connections) -> Iterator[Fault]:
    """Tables of which kept lists or models name a version that can no longer be read."""
    for table, named in sorted(named_versions(connections.mongo).items()):
        lost = sorted(maintenance.unreadable(connections.lake, table, named))
        harmed = sorted({made for version in lost for made in named[version]})
        if harmed:
            shown = ", ".join(harmed[:NAMED]) + (
                f" and {len(harmed) - NAMED} more" if len(harmed) > NAMED else ""
            )
            yield Fault(
                f"versions {', '.join(map(str, lost))} of {table} cannot be read, of which {shown} were made",
                "these are served as before but cannot be traced or made again, which `podrec forget` brings about on purpose; "
                "let newer days take their place, or `podrec restore` a backup if nobody was forgotten",
            )


def made_again(version: Version) -> str:
    """How a day gets whole versions beside a damaged one, which publication prunes when nothing
    points to it any more.
    """
    return f"{again(' '.join(COLLECTIONS) + ' publication', [version.day])} makes whole ones"
