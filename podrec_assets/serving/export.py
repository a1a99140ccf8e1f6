"""Exports published neighbours as recommendations files of the podcast namespace.

A feed links such a file with `<podcast:recommendations>`. Format: Podcastindex-org/
podcast-namespace, proposal-docs/recommendations/recommendations.md, version 1.0 of 2021-08-31.
"""

import hashlib
import re
from collections.abc import Iterator

from podrec_assets.day_windows import latest
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, SIMILARITIES
from podrec_assets.serving.reader import neighbours, published

VERSION = "1.0"
MOTIVE = "content-based recommendation"
COLUMNS = ("day", "episode_id", "title", "guid", "feed_url", "audio_url", "image_url")

MAX_NAME_LENGTH = 200
"""Longest file name before its ending; file systems allow 255 bytes."""
_ENCODED = re.compile(rb"[^a-z0-9_-]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


def file_name(episode: str) -> str:
    """Returns the file of an episode: its id, percent-encoded except for a-z, 0-9, - and _.

    `urllib.parse.unquote` gives the id back. Capitals are encoded too, because some file systems
    take `A` and `a` for one name, and so is the first letter of a name that Windows reserves. Of an
    id that is too long, the name ends with `~` and the SHA-256 of the id.
    """
    content = episode.encode("utf-8", "surrogatepass")
    name = _ENCODED.sub(_percent, content).decode("ascii")
    if _RESERVED.fullmatch(name):
        name = f"%{ord(name[0]):02x}{name[1:]}"
    if len(name) > MAX_NAME_LENGTH:
        digest = hashlib.sha256(content).hexdigest()
        name = f"{name[: MAX_NAME_LENGTH - len(digest) - 1]}~{digest}"
    return f"{name}.json"


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02x" % found[0][0]


def recommendations_of(connections: Connections, episode: str, k: int) -> dict:
    """Returns the recommendations file of an episode.

    Raises:
        UnknownIdError: the episode has no published neighbours.
    """
    items = neighbours(connections, episode, k)["items"]
    return to_file(episode, items, _episodes(connections))


def all_recommendations(connections: Connections, k: int) -> Iterator[tuple[str, dict]]:
    """Yields (episode_id, recommendations file) for every episode with published neighbours."""
    version = published(connections).versions[SIMILARITIES]
    known = _episodes(connections)
    for document in connections.mongo.documents(SIMILARITIES, version):
        yield document["episode_id"], to_file(document["episode_id"], document["items"][:k], known)


def to_file(episode: str, items: list[dict], known: dict[str, dict]) -> dict:
    """Returns an episode's file with these neighbours, without fields that the feed lacks."""
    source = known.get(episode, {})
    return _present(
        version=VERSION,
        title=source.get("title"),
        feed=source.get("feed_url"),
        guid=source.get("guid"),
        url=source.get("audio_url"),
        recommendations=[
            _recommendation(i, known[i["episode_id"]]) for i in items if i["episode_id"] in known
        ],
    )


def _recommendation(item: dict, episode: dict) -> dict:
    return _present(
        linkType="item",
        medium="podcast",
        title=episode["title"] or episode["episode_id"],
        url=episode["audio_url"],
        image=episode["image_url"],
        feed=episode["feed_url"],
        guid=episode["guid"],
        startTime=item["there_s"],
        motive=MOTIVE,
        relevance=min(1.0, max(0.0, item["score"])),
    )


def _present(**fields: object) -> dict:
    return {name: value for name, value in fields.items() if value is not None}


def _episodes(connections: Connections) -> dict[str, dict]:
    rows = connections.lake.read(EPISODES.name, columns=COLUMNS)
    return {row["episode_id"]: row for row in latest(rows).to_pylist()}
