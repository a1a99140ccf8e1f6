"""What is published, read by the one pointer: the code behind the commands, the dashboard and
whatever serves lists next.

The pointer and what it points to are two reads, and versions are removed some time after they were
served. So whoever does not find something looks at the pointer again: what it names now is never
removed, and if it has moved, the read is repeated.
"""

from collections.abc import Callable
from typing import TypeVar

from podrec_assets.day_windows import latest
from podrec_assets.errors import PermanentError, RetryableError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, LISTS, NEWCOMER
from podrec_assets.stores.mongo import Publication

KNOWN_SHOWN = 5
FIELDS = ("rank", "episode_id", "show", "title", "score", "als", "cosine", "sources", "reason")
NOT_PUBLISHED = "Nothing is published yet: run `make demo`, or `podrec catch-up` after your own feeds and events."
READS_TRIED = 10
Found = TypeVar("Found")


class NotPublishedError(PermanentError):
    """There is nothing to serve yet."""


def published(connections: Connections) -> Publication:
    """The publication that is served. Raises NotPublishedError before there is one."""
    found = connections.mongo.publication()
    if found is None:
        raise NotPublishedError(NOT_PUBLISHED)
    return found


def consistently(
    connections: Connections,
    look: Callable[[Publication], Found],
    is_whole: Callable[[Found], object] = bool,
) -> tuple[Publication, Found]:
    """What `look` finds in the versions of one publication, and that publication.

    Args:
        connections: stores.
        look: reads from the versions that it is given; may be called again with those of a later
            publication.
        is_whole: False for a result that lacks something, which may be because the versions were
            removed meanwhile.

    Raises:
        PermanentError: nothing is published.
        RetryableError: the publication moved again and again.
    """
    current = published(connections)
    for _ in range(READS_TRIED):
        found = look(current)
        if is_whole(found):
            return current, found
        again = published(connections)
        if again.v == current.v:
            return current, found
        current = again
    raise RetryableError("The publication moved during every attempt to read it; try again.")


def served_list(connections: Connections, user: str) -> tuple[Publication, str, list[dict]]:
    """The publication, whose list is served (the user, or NEWCOMER for one who has none), and its
    items in order.
    """

    def look(current: Publication) -> tuple[str, dict | None]:
        read, version = connections.mongo.document, current.versions[LISTS]
        found = read(LISTS, version, user) if user else None
        return (user, found) if found else (NEWCOMER, read(LISTS, version, NEWCOMER))

    current, (owner, found) = consistently(connections, look, lambda f: f[0] == user and f[1])
    return current, owner, (found or {"items": []})["items"]


def recommendations(connections: Connections, user: str, k: int) -> dict:
    """The published list of a listener, or the newcomers' list marked as such.

    Returns:
        user_id, known, day, version, items: [{rank, episode_id, show, title, score, als, cosine,
            sources, reason}].
    """
    current, owner, served = served_list(connections, user)
    items = [{"show": i["show_title"], **i} for i in served[:k]]
    return {
        "user_id": user,
        "known": owner != NEWCOMER,
        "day": str(current.day),
        "version": current.versions[LISTS],
        "items": [{f: i[f] for f in FIELDS} for i in items],
    }


def listeners(connections: Connections) -> list[str]:
    """Listeners who have a published list, in order."""
    _, found = consistently(
        connections, lambda current: connections.mongo.keys(LISTS, current.versions[LISTS])
    )
    return [u for u in found if u != NEWCOMER]


def neighbours(connections: Connections, episode: str, k: int) -> dict:
    """The published neighbours of an episode, with the passages that show why.

    Returns:
        episode_id, title, items: [{rank, episode_id, title, score, cosine, here_s, there_s,
            here_text, there_text}].

    Raises:
        UnknownIdError: there is no such episode, or it has no transcript; the message names some
            that have.
    """
    current, found = consistently(
        connections,
        lambda c: connections.mongo.document("similarities", c.versions["similarities"], episode),
    )
    titles = _titles(
        connections, [episode, *(i["episode_id"] for i in (found or {"items": []})["items"][:k])]
    )
    if found is None:
        known = ", ".join(
            connections.mongo.keys("similarities", current.versions["similarities"])[:KNOWN_SHOWN]
        )
        why = "has no transcript, so it has no neighbours" if episode in titles else "is unknown"
        raise UnknownIdError(f"episode {episode!r} {why}; known: {known}, ...")
    fields = (
        "rank",
        "episode_id",
        "score",
        "cosine",
        "here_s",
        "there_s",
        "here_text",
        "there_text",
    )
    items = [
        {"title": titles.get(i["episode_id"]), **{f: i[f] for f in fields}}
        for i in found["items"][:k]
    ]
    return {"episode_id": episode, "title": titles.get(episode), "items": items}


def _titles(connections: Connections, episodes: list[str]) -> dict[str, str | None]:
    """episode_id -> latest title of those episodes that were announced."""
    rows = connections.lake.read_equal(
        EPISODES.name, "episode_id", episodes, ("day", "episode_id", "title")
    )
    return {r["episode_id"]: r["title"] for r in latest(rows).to_pylist()}
