"""The pointer to what is served: moved by compare-and-set, and never to something that is not
whole.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

from pymongo.errors import DuplicateKeyError

from podrec_assets.errors import GateError, MissingPartitionError, PermanentError, RetryableError
from podrec_assets.schemas import COLLECTION_KEYS, LISTS
from podrec_assets.stores.mongo.connection import translated
from podrec_assets.stores.mongo.records import Publication, Version, from_pointer, to_pointer
from podrec_assets.stores.mongo.versions import Versions

MOVES_TRIED = 20


class Publications(Versions):
    """What is served now."""

    def publication(self) -> Publication | None:
        """What is served now."""
        with translated():
            found = self._db["publications"].find_one({"_id": "current"})
        return from_pointer(found) if found else None

    def publishable(self, day: date) -> dict[str, str]:
        """The trio of a day that may be served: its newest lists that the gate let pass, and the
        models they were made from.

        Raises:
            MissingPartitionError: a collection has no complete version for the day, so nothing of
                it may be served.
            GateError: the gate refused the day's lists, or has not judged them; says which check
                and by how much.
        """
        lists = self.versions(LISTS, day)
        allowed = next((v for v in lists if v.verdict and v.verdict.allows), None)
        made_from = (allowed or lists[0]).manifest.get("models", {}) if lists else {}
        trio = {LISTS: allowed or next(iter(lists), None)}
        for name in COLLECTION_KEYS.keys() - trio.keys():
            trio[name] = (
                self.version(name, made_from[name])
                if name in made_from
                else self.latest_version(name, day)
            )
        absent = sorted(name for name, version in trio.items() if version is None)
        if absent:
            raise MissingPartitionError(
                f"{day} has no complete versions: {', '.join(absent)} must be materialized first."
            )
        if allowed is None:
            raise GateError(refusal(lists[0]))
        return {name: version.version for name, version in trio.items() if version}

    def advance(self, day: date, versions: dict[str, str]) -> Publication:
        """What is served after the given versions were offered: they are, unless a newer day
        already is.

        Of runs that publish at the same time the newest day stays, in whatever order they come.

        Raises:
            PermanentError: a version is not complete.
            RetryableError: others kept moving the pointer.
        """
        for _ in range(MOVES_TRIED):
            current = self.publication()
            if current and current.day > day:
                return current
            try:
                return self.publish(day, versions, current)
            except RetryableError as err:
                lost = err
        raise lost

    def publish(
        self, day: date, versions: dict[str, str], current: Publication | None
    ) -> Publication:
        """The pointer after it moved from `current` to the given versions, whatever their day.

        Raises:
            PermanentError: a version is not complete.
            RetryableError: somebody else moved the pointer since `current` was read.
        """
        if current and current.day == day and current.versions == versions:
            return current
        for collection, version in versions.items():
            if not self._mark_served(collection, version):
                raise PermanentError(
                    f"Version {version} of {collection} is not complete, so it is not published."
                )
        for collection, version in (current.versions if current else {}).items():
            self._mark_served(collection, version)
        moved = Publication(
            day, versions, (current.v if current else 0) + 1, current.versions if current else {}
        )
        with translated():
            if current is None:
                try:
                    self._db["publications"].insert_one(to_pointer(moved))
                except DuplicateKeyError as err:
                    raise RetryableError(
                        "The publication was made by another run at the same time; run again."
                    ) from err
            else:
                result = self._db["publications"].replace_one(
                    {"_id": "current", "v": current.v}, to_pointer(moved)
                )
                if result.matched_count != 1:
                    raise RetryableError(
                        "The publication was moved by another run at the same time; run again."
                    )
        return moved

    def overrule(self, version: Version) -> None:
        """Notes on refused lists that a person wants them served all the same.

        Raises:
            GateError: they were not judged, or have a fault that is no comparison.
        """
        if version.verdict is None or not version.verdict.is_forceable:
            raise GateError(f"{refusal(version)} No one may overrule that.")
        self.judge(
            LISTS,
            version.version,
            replace(version.verdict, overruled_at=datetime.now(UTC).isoformat()),
        )

    def _mark_served(self, collection: str, version: str) -> bool:
        """Whether the version is listed; from now on it is not pruned until the grace is over.

        One atomic step on the entry that pruning deletes by the same field: either this comes first
        and the version stays, or the version is gone and is not published.
        """
        with translated():
            served = {"$set": {"served_at": datetime.now(UTC)}}
            return (
                self._db["versions"]
                .update_one({"_id": f"{collection}:{version}"}, served)
                .matched_count
                == 1
            )


def refusal(version: Version) -> str:
    """Why lists may not be served, in words."""
    if version.verdict is None:
        again = f"`podrec run --select {LISTS} --days {version.day}..{version.day}`"
        return f"Version {version.version} of {LISTS} has not been judged by the gate: run {again} first."
    return f"The gate refused version {version.version} of {LISTS}: {'; '.join(version.verdict.refusals)}."
