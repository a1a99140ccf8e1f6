"""Served collections in MongoDB, as whole versions behind one pointer. The only room that imports
pymongo.

A version is written beside the others, verified by count and checksum, and only then listed in
`versions`; the gate leaves its verdict on the listed version; the pointer in `publications` names
one version for each collection and moves by compare-and-set. So a reader sees a whole old list or a
whole new one. No transactions, rename or TTL: the embedded server has none of them.
"""

from podrec_assets.stores.mongo.publications import Publications, refusal
from podrec_assets.stores.mongo.records import Publication, Verdict, Version, checksum
from podrec_assets.stores.mongo.retention import Retention

__all__ = ["MongoStore", "Publication", "Verdict", "Version", "checksum", "refusal"]


class MongoStore(Retention, Publications):
    """One Mongo database: versions and their verdicts, the pointer, and what is removed from them."""
