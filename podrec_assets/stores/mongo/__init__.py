"""Served collections in MongoDB: complete versions and one pointer. Only this package uses pymongo.

A version is written next to the others, verified by count and checksum, and only then listed in
`versions`. The gate stores its verdict on the listed version. The pointer in `publications` names
one version of each collection and moves by compare-and-set, so readers see either the complete old
lists or the complete new ones. The embedded server has no transactions, rename or TTL.
"""

from podrec_assets.stores.mongo.entries import Publication, Verdict, Version, checksum
from podrec_assets.stores.mongo.mongo_store import MongoStore
from podrec_assets.stores.mongo.publishing import refusal

__all__ = ["MongoStore", "Publication", "Verdict", "Version", "checksum", "refusal"]
