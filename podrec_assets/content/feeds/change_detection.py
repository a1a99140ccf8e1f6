"""What was announced so far, and what of a feed is news beside it. Pure.

An episode belongs to the feed that announced it first, for as long as that feed lives: mirrors word
their items differently, and each poll of one would otherwise undo the other's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from podrec_assets.content.feeds.episode_message import Announcement
from podrec_assets.content.feeds.ids import (
    audio_key,
    episode_id,
    feed_key,
    mirror_keys,
    reused_guid_id,
)

COLUMNS = (
    "episode_id",
    "show_id",
    "feed_url",
    "guid",
    "title",
    "published_at",
    "audio_url",
    "content_hash",
)
"""Columns of `episodes` that it takes to tell what is news."""


@dataclass
class AnnouncedEpisodes:
    """The latest announcement of each episode, as far as it takes to tell what is news.

    Attributes:
        hashes: content hash by episode.
        owners: key of the feed by episode.
        audio: `audio_key` of the enclosure by episode.
        mirrors: (episode, show) by each of its `mirror_keys`, the first announced wins.
    """

    hashes: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    audio: dict[str, str] = field(default_factory=dict)
    mirrors: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes up one announcement: COLUMNS of `episodes`, later ones after earlier ones."""
        episode = row["episode_id"]
        self.hashes[episode] = row["content_hash"]
        self.owners[episode] = feed_key(row["feed_url"] or "")
        self.audio[episode] = audio_key(row["audio_url"])
        for key in mirror_keys(row["guid"], row["title"], row["published_at"], row["audio_url"]):
            self.mirrors.setdefault(key, (episode, row["show_id"]))

    def select_new(self, found: list[Announcement], living: Collection[str]) -> list[Announcement]:
        """The new and changed episodes of one feed, under the ids that they have for good; they
        count as announced.

        Args:
            found: the feed's episodes, each once.
            living: keys of the feeds that are followed and not dead.
        """
        fresh = {}
        for a in self._mirrors_unified(_holders_kept(found, self.audio)):
            owner = self.owners.get(a.episode_id)
            belongs_to_another = (
                owner is not None and owner != feed_key(a.feed_url) and owner in living
            )
            if (
                not belongs_to_another
                and self.hashes.get(a.episode_id) != a.content_hash
                and a.episode_id not in fresh
            ):
                fresh[a.episode_id] = a
        for a in fresh.values():
            self.add({name: getattr(a, name) for name in COLUMNS})
        return list(fresh.values())

    def _mirrors_unified(self, found: list[Announcement]) -> list[Announcement]:
        here = {a.episode_id for a in found}
        unified = []
        for a in found:
            keys = mirror_keys(a.guid, a.title, a.published_at, a.audio_url)
            first = next((self.mirrors[k] for k in keys if k in self.mirrors), None)
            # Of one show, the same file under a new guid is the same episode unless the old guid is
            # still there too.
            is_known = a.episode_id in self.hashes
            if first and not is_known and (first[1] != a.show_id or first[0] not in here):
                a = a.known_as(*first)
            unified.append(a)
        return unified


def _holders_kept(found: list[Announcement], audio: Mapping[str, str]) -> list[Announcement]:
    """The items with a reused guid, such that whichever file the guid was announced for keeps the
    guid's id.

    `feeds` goes by the date, which a publisher may change, and cannot know an item that has left
    the feed.
    """
    files: dict[tuple[str, str], set[str]] = {}
    for a in found:
        files.setdefault((a.show_id, a.guid or ""), set()).add(audio_key(a.audio_url))
    return [_held(a, files[a.show_id, a.guid], audio) if a.guid else a for a in found]


def _held(a: Announcement, files: set[str], audio: Mapping[str, str]) -> Announcement:
    """An item under the id that its guid has for its file; `files` are all those that bear the guid
    now.
    """
    reused, plain = (
        reused_guid_id(a.show_id, a.guid or "", a.audio_url),
        episode_id(a.show_id, a.guid, None),
    )
    assert plain is not None
    if reused in audio:
        return a.known_as(reused, a.show_id)
    if len(files) > 1 and audio.get(plain) in files:
        return a.known_as(plain if audio_key(a.audio_url) == audio[plain] else reused, a.show_id)
    return a
