"""Reads published lists and neighbours through the publication pointer.

The pointer and the documents are two reads, and old versions are pruned. So if a document is
missing, the pointer is read again: the versions that it names now are never pruned, and if it has
moved, the read is repeated.
"""

from collections.abc import Callable
from typing import TypeVar

from podrec_assets.errors import PermanentError, RetryableError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.ranking.arms.registry import arm_scores, score_fields
from podrec_assets.schemas import EPISODES, LISTS, NEWCOMER, SIMILARITIES
from podrec_assets.stores.mongo import Publication

KNOWN_SHOWN = 5
NEIGHBOUR_FIELDS = (
    "rank", "episode_id", "score", "cosine", "here_s", "there_s", "here_text", "there_text",
)  # fmt: skip
NOT_PUBLISHED = (
    "Nothing is published yet: run `make demo`, or `podrec catch-up` once you have added your own "
    "feeds and events."
)
MAX_READS = 10
Result = TypeVar("Result")


class NotPublishedError(PermanentError):
    """Nothing is published yet."""


def published(connections: Connections) -> Publication:
    """Returns the current publication.

    Raises:
        NotPublishedError: nothing is published yet.
    """
    publication = connections.mongo.publication()
    if publication is None:
        raise NotPublishedError(NOT_PUBLISHED)
    return publication


def consistently(
    connections: Connections,
    read: Callable[[Publication], Result],
    is_complete: Callable[[Result], object] = bool,
) -> tuple[Publication, Result]:
    """Reads from the versions of one publication; returns the publication and the result.

    Args:
        connections: stores.
        read: reads from the versions of a publication; called again if the publication moved.
        is_complete: false for a result that lacks something, perhaps because its version was
            pruned in the meantime.

    Raises:
        NotPublishedError: nothing is published.
        RetryableError: the publication moved during every attempt.
    """
    current = published(connections)
    for _ in range(MAX_READS):
        result = read(current)
        if is_complete(result):
            return current, result
        newest = published(connections)
        if newest.v == current.v:
            return current, result
        current = newest
    raise RetryableError("The publication moved during every attempt to read it; try again.")


def served_list(connections: Connections, user: str) -> tuple[Publication, str, list[dict]]:
    """Returns the publication, the list's owner and its ranked items, without withdrawn ones.

    The owner is the user, or NEWCOMER for a user without a list.
    """

    def read(current: Publication) -> tuple[str, dict | None]:
        document, version = connections.mongo.document, current.versions[LISTS]
        own = document(LISTS, version, user) if user else None
        return (user, own) if own else (NEWCOMER, document(LISTS, version, NEWCOMER))

    current, (owner, served) = consistently(connections, read, lambda r: r[0] == user and r[1])
    items = (served or {"items": []})["items"]
    return current, owner, [i for i in items if i["episode_id"] not in current.withdrawn]


def recommendations(connections: Connections, user: str, k: int) -> dict:
    """Returns the published list of a listener, or the newcomers' list with known=False.

    Returns:
        {user_id, known, day, version, items}; an item has rank, episode_id, show, title, score, the
        score of each arm, sources and reason.
    """
    current, owner, served = served_list(connections, user)
    return {
        "user_id": user,
        "known": owner != NEWCOMER,
        "day": str(current.day),
        "version": current.versions[LISTS],
        "items": [_shown(item) for item in served[:k]],
    }


def _shown(item: dict) -> dict:
    fields = ("rank", "episode_id", "show", "title", "score", *score_fields(), "sources", "reason")
    known = {"show": item["show_title"], **item, **arm_scores(item)}
    return {field: known[field] for field in fields}


def listeners(connections: Connections) -> list[str]:
    """Returns the listeners who have a published list, sorted."""
    _, users = consistently(
        connections, lambda current: connections.mongo.keys(LISTS, current.versions[LISTS])
    )
    return [user for user in users if user != NEWCOMER]


def neighbours(connections: Connections, episode: str, k: int) -> dict:
    """Returns the published neighbours of an episode, with the most similar passages.

    Neighbours that are withdrawn now are left out.

    Returns:
        {episode_id, title, items}; an item has `title` and the keys of NEIGHBOUR_FIELDS.

    Raises:
        UnknownIdError: the episode is unknown or has no transcript; names some that have one.
    """
    from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords

    mongo = connections.mongo
    current, document = consistently(
        connections, lambda c: mongo.document(SIMILARITIES, c.versions[SIMILARITIES], episode)
    )
    items = document["items"] if document else []
    rows = _known(connections, [episode, *(item["episode_id"] for item in items)])
    titles = {e: row["title"] for e, row in rows.items()}
    if document is None:
        keys = mongo.keys(SIMILARITIES, current.versions[SIMILARITIES])
        why = "has no transcript, so it has no neighbours" if episode in titles else "is unknown"
        known = ", ".join(keys[:KNOWN_SHOWN])
        raise UnknownIdError(f"episode {episode!r} {why}; known: {known}, ...")
    state = WithdrawalRecords(connections.lake).state()
    withdrawn = state.among((e, row["show_id"]) for e, row in rows.items())
    offered = [item for item in items if item["episode_id"] not in withdrawn][:k]
    described = [
        {"title": titles.get(i["episode_id"]), **{f: i[f] for f in NEIGHBOUR_FIELDS}, "rank": rank}
        for rank, i in enumerate(offered, start=1)
    ]
    return {"episode_id": episode, "title": titles.get(episode), "items": described}


def _known(connections: Connections, episodes: list[str]) -> dict[str, dict]:
    """Returns the latest title and show_id of each known episode, by id."""
    from podrec_assets.day_windows import latest

    columns = ("day", "episode_id", "show_id", "title")
    rows = connections.lake.read_equal(EPISODES.name, "episode_id", episodes, columns)
    return {r["episode_id"]: r for r in latest(rows).to_pylist()}
