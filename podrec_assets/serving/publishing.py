"""The pointer moved by hand: an older day served again, or a newer one."""

from datetime import date

from podrec_assets.errors import MissingPartitionError, UnknownIdError
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import COLLECTIONS
from podrec_assets.stores.mongo import Publication

KNOWN_SHOWN = 5


def publish_day(connections: Connections, day: date) -> Publication:
    """The publication after the pointer moved to the day's newest complete versions, whatever day was served before.

    Raises:
        UnknownIdError: the day has no complete trio; names days that have.
        RetryableError: another process moved the pointer meanwhile.
    """
    mongo = connections.mongo
    try:
        versions = mongo.complete_versions(day)
    except MissingPartitionError as err:
        whole = sorted(set.intersection(*(set(mongo.days(name)) for name in COLLECTIONS)), reverse=True)
        known = ", ".join(str(d) for d in whole[:KNOWN_SHOWN])
        raise UnknownIdError(f"{day} has no complete versions; known: {known or 'none'}.") from err
    return mongo.publish(day, versions, mongo.publication())
