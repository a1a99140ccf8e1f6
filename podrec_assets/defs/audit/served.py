"""Audits of Mongo: the publication pointer, kept versions, and the inputs of their manifests."""

from collections.abc import Iterator

from podrec_assets.defs.audit.findings import Fault, commands_to_run
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.run_manifest import versions_in_manifests
from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, LISTS
from podrec_assets.stores.delta import maintenance
from podrec_assets.stores.mongo import Publication, Version, checksum

LISTS_SHOWN = 3


def publication_faults(connections: Connections) -> Iterator[Fault]:
    """Served versions that are incomplete, refused, changed, or do not belong together."""
    mongo = connections.mongo
    published = mongo.publication()
    if published is None:
        return
    remedy = f"`podrec publish --day {published.day}`, or another day with lists"
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
                f"the documents of {collection} {name} have changed since they were verified",
                remedy_for(version),
            )
        if collection == LISTS:
            yield from _served_lists(published, version, remedy)


def _served_lists(published: Publication, lists: Version, remedy: str) -> Iterator[Fault]:
    if not (lists.verdict and lists.verdict.allows):
        yield Fault(f"{LISTS} {lists.version} is served although it did not pass the gate", remedy)
    for collection, made_from in lists.manifest.get("models", {}).items():
        if (served := published.versions.get(collection)) != made_from:
            yield Fault(
                f"the served lists were made from {collection} {made_from}, but {served} is served",
                remedy,
            )


def document_faults(connections: Connections) -> Iterator[Fault]:
    """Kept versions with fewer or more documents than were written."""
    mongo = connections.mongo
    for collection in COLLECTIONS:
        for version in mongo.versions(collection):
            count = mongo.document_count(collection, version.version)
            if count != version.count:
                yield Fault(
                    f"{collection} {version.version} has {count} of {version.count} documents",
                    remedy_for(version),
                )


def manifest_faults(connections: Connections) -> Iterator[Fault]:
    """Tables with unreadable versions that kept lists or models were made from."""
    for table, named in sorted(versions_in_manifests(connections.mongo).items()):
        lost = sorted(maintenance.unreadable(connections.lake, table, named))
        affected = sorted({lists for version in lost for lists in named[version]})
        if affected:
            more = len(affected) - LISTS_SHOWN
            shown = ", ".join(affected[:LISTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
            yield Fault(
                f"versions {', '.join(map(str, lost))} of {table} cannot be read; they are inputs "
                f"of {shown}",
                "these are still served but cannot be traced or rebuilt, which is intended after "
                "`podrec forget`; wait until newer days replace them, or `podrec restore` a backup "
                "if nobody was forgotten",
            )


def remedy_for(version: Version) -> str:
    """How a day gets complete versions next to a damaged one, which publication prunes later."""
    command = commands_to_run(" ".join(COLLECTIONS) + " publication", [version.day])
    return f"{command} writes complete ones"
