"""Moves the publication pointer by hand, to an older or a newer day."""

from datetime import date

from podrec_assets.errors import GateError, MissingPartitionError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.recommend.withdrawn_episodes import withdrawn_items
from podrec_assets.schemas import COLLECTIONS, LISTS
from podrec_assets.stores.mongo import MongoStore, Publication, Version, publishing

KNOWN_SHOWN = 5


def publish_day(connections: Connections, day: date, force: bool = False) -> Publication:
    """Publishes the day's newest lists that passed the gate, whatever day is served now.

    Args:
        connections: stores.
        day: the day whose lists to serve.
        force: serve the newest lists even if they failed a comparison with the served ones;
            recorded in their verdict.

    Raises:
        UnknownIdError: the day has no complete version set; names days that have one.
        GateError: the gate refused or has not judged the lists; with `force`, only if a check
            failed that is not a comparison.
        RetryableError: another process moved the pointer in the meantime.
    """
    mongo = connections.mongo
    newest = mongo.latest_version(LISTS, day)
    if force and newest and not (newest.verdict and newest.verdict.allows):
        publishing.overrule(mongo, newest)
    try:
        versions = publishing.publishable(mongo, day)
    except MissingPartitionError as err:
        raise UnknownIdError(f"{err} Known: {_known(mongo)}.") from err
    except GateError as err:
        if newest and newest.verdict and newest.verdict.is_forceable:
            raise GateError(
                f"{err} `podrec publish --day {day} --force` serves them anyway."
            ) from err
        raise
    withdrawn = withdrawn_items(connections, versions[LISTS])
    return publishing.publish(mongo, day, versions, mongo.publication(), withdrawn)


def complete_days(mongo: MongoStore) -> list[date]:
    """Returns the days that have a version of every collection, newest first."""
    days = set.intersection(*(set(mongo.days(name)) for name in COLLECTIONS))
    return sorted(days, reverse=True)


def refused(connections: Connections) -> Version | None:
    """Returns the newest lists if they did not pass the gate and no newer day is served."""
    newest, current = connections.mongo.latest_version(LISTS), connections.mongo.publication()
    if newest is None or (newest.verdict and newest.verdict.allows):
        return None
    return None if current and current.day > newest.day else newest


def _known(mongo: MongoStore) -> str:
    return ", ".join(str(day) for day in complete_days(mongo)[:KNOWN_SHOWN]) or "none"
