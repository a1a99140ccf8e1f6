"""What is published, read by the one pointer: the code behind the commands, the dashboard and whatever serves lists next."""

from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import NEWCOMER
from podrec_assets.stores.mongo import Publication

KNOWN_SHOWN = 5
FIELDS = ("rank", "episode_id", "show", "title", "score", "als", "cosine", "sources", "reason")
NOT_PUBLISHED = "Nothing is published yet: run `make demo`, or `podrec run` for a day with events."


def published(connections: Connections) -> Publication:
    """The publication that is served. Raises PermanentError before there is one."""
    found = connections.mongo.publication()
    if found is None:
        raise PermanentError(NOT_PUBLISHED)
    return found


def recommendations(connections: Connections, user: str, k: int) -> dict:
    """The published list of a listener, or the newcomers' list marked as such.

    Returns:
        user_id, known, day, version, items: [{rank, episode_id, show, title, score, als, cosine, sources, reason}].
    """
    current = published(connections)
    version = current.versions["final_recommendations"]
    found = connections.mongo.document("final_recommendations", version, user) if user else None
    served = found or connections.mongo.document("final_recommendations", version, NEWCOMER)
    items = [{"show": i["show_title"], **i} for i in (served or {"items": []})["items"][:k]]
    return {
        "user_id": user,
        "known": found is not None,
        "day": str(current.day),
        "version": version,
        "items": [{f: i[f] for f in FIELDS} for i in items],
    }


def listeners(connections: Connections) -> list[str]:
    """Listeners who have a published list, in order."""
    version = published(connections).versions["final_recommendations"]
    return [u for u in connections.mongo.keys("final_recommendations", version) if u != NEWCOMER]


def neighbours(connections: Connections, episode: str, k: int) -> dict:
    """The published neighbours of an episode, with the passages that show why.

    Returns:
        episode_id, title, items: [{rank, episode_id, title, cosine, here_s, there_s, here_text, there_text}].

    Raises:
        UnknownIdError: there is no such episode, or it has no transcript; the message names some that have.
    """
    version = published(connections).versions["similarities"]
    found = connections.mongo.document("similarities", version, episode)
    rows = connections.lake.read("episodes", columns=("episode_id", "title")).to_pylist()
    titles = {r["episode_id"]: r["title"] for r in rows}
    if found is None:
        known = ", ".join(connections.mongo.keys("similarities", version)[:KNOWN_SHOWN])
        why = "has no transcript, so it has no neighbours" if episode in titles else "is unknown"
        raise UnknownIdError(f"episode {episode!r} {why}; known: {known}, ...")
    fields = ("rank", "episode_id", "cosine", "here_s", "there_s", "here_text", "there_text")
    items = [{"title": titles.get(i["episode_id"]), **{f: i[f] for f in fields}} for i in found["items"][:k]]
    return {"episode_id": episode, "title": titles.get(episode), "items": items}
