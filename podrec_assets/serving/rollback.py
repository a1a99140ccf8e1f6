"""The pointer moved by hand: an older day served again, or a newer one."""

from datetime import date

from podrec_assets.errors import GateError, MissingPartitionError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import COLLECTIONS, LISTS
from podrec_assets.stores.mongo import MongoStore, Publication, Version

KNOWN_SHOWN = 5


def publish_day(connections: Connections, day: date, force: bool = False) -> Publication:
    """The publication after the pointer moved to the day's newest lists that the gate let pass,
    whatever day was served before.

    Args:
        connections: stores.
        day: whose lists are to be served.
        force: serve the day's newest lists although a comparison with the served ones refused them;
            noted on their verdict.

    Raises:
        UnknownIdError: the day has no complete trio; names days that have.
        GateError: the gate refused its lists or has not judged them; with `force` only for a fault
            that is no comparison.
        RetryableError: another process moved the pointer meanwhile.
    """
    mongo = connections.mongo
    newest = mongo.latest_version(LISTS, day)
    if force and newest and not (newest.verdict and newest.verdict.allows):
        mongo.overrule(newest)
    try:
        versions = mongo.publishable(day)
    except MissingPartitionError as err:
        raise UnknownIdError(f"{err} Known: {_known(mongo)}.") from err
    except GateError as err:
        if newest and newest.verdict and newest.verdict.is_forceable:
            raise GateError(
                f"{err} `podrec publish --day {day} --force` serves them all the same."
            ) from err
        raise
    return mongo.publish(day, versions, mongo.publication())


def refused(connections: Connections) -> Version | None:
    """The newest lists, if the gate refused or has not judged them and none of a newer day are
    served.
    """
    newest, current = connections.mongo.latest_version(LISTS), connections.mongo.publication()
    if (
        newest is None
        or (newest.verdict and newest.verdict.allows)
        or (current and current.day > newest.day)
    ):
        return None
    return newest


def _known(mongo: MongoStore) -> str:
    whole = sorted(set.intersection(*(set(mongo.days(name)) for name in COLLECTIONS)), reverse=True)
    return ", ".join(str(d) for d in whole[:KNOWN_SHOWN]) or "none"
