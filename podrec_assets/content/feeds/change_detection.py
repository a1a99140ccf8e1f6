"""Which episodes of a feed are new or changed since they were last announced. Pure.

An episode belongs to the feed that announced it first, as long as that feed is alive. Mirrors word
their items differently, so each poll of one would otherwise revert the other's.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
"""Columns of `episodes` that change detection needs."""


@dataclass
class AnnouncedEpisodes:
    """The latest announcement of each episode, reduced to what change detection needs.

    Attributes:
        hashes: content hash by episode.
        owners: key of the feed by episode.
        audio: `audio_key` of the enclosure by episode.
        mirrors: (episode, show) by each of its `mirror_keys`; the first one announced wins.
        published: publication time by episode, by key of its feed.
    """

    hashes: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    audio: dict[str, str] = field(default_factory=dict)
    mirrors: dict[str, tuple[str, str]] = field(default_factory=dict)
    published: dict[str, dict[str, datetime | None]] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds one announcement: COLUMNS of `episodes`, later ones after earlier ones."""
        episode = row["episode_id"]
        self.hashes[episode] = row["content_hash"]
        owner = feed_key(row["feed_url"] or "")
        self.published.get(self.owners.get(episode, owner), {}).pop(episode, None)
        self.published.setdefault(owner, {})[episode] = row["published_at"]
        self.owners[episode] = owner
        self.audio[episode] = audio_key(row["audio_url"])
        for key in mirror_keys(row["guid"], row["title"], row["published_at"], row["audio_url"]):
            self.mirrors.setdefault(key, (episode, row["show_id"]))

    def select_new(self, items: list[Announcement], living: Collection[str]) -> list[Announcement]:
        """Returns a feed's new and changed episodes under their permanent ids, and adds them.

        Args:
            items: the feed's episodes, each once.
            living: keys of the feeds that are followed and not dead.
        """
        selected: dict[str, Announcement] = {}
        for item in self._unify_mirrors(_keep_guid_ids(items, self.audio)):
            if (
                self._belongs_here(item, living)
                and self.hashes.get(item.episode_id) != item.content_hash
                and item.episode_id not in selected
            ):
                selected[item.episode_id] = item
        for item in selected.values():
            self.add({name: getattr(item, name) for name in COLUMNS})
        return list(selected.values())

    def of_feed(self, feed_url: str) -> Mapping[str, datetime | None]:
        """Returns the publication time of each episode that a feed announced."""
        return self.published.get(feed_key(feed_url), {})

    def listed_ids(self, items: list[Announcement]) -> set[str]:
        """Returns the permanent ids of a feed's episodes, once they were announced."""
        return {i.episode_id for i in self._unify_mirrors(_keep_guid_ids(items, self.audio))}

    def dropped(self, feed_url: str, items: list[Announcement]) -> set[str]:
        """Returns the feed's episodes that it does not list although it lists older ones.

        Many feeds list only their newest episodes, and some of them also an old one, such as a
        trailer. So an episode is not dropped if the feed lists fewer of the older ones than it
        lacks since its oldest one.

        Args:
            feed_url: the feed.
            items: all episodes that it lists, already announced.
        """
        known = self.of_feed(feed_url)
        absent = known.keys() - {i.episode_id for i in items}
        if not absent:
            return set()
        absent -= self.listed_ids(items)
        listed_at = sorted(i.published_at for i in items if i.published_at)
        dated = sorted((at, e) for e in absent if (at := known[e]))
        older_counts = [(bisect_left(listed_at, at), e) for at, e in dated]
        in_range = [(older, e) for older, e in older_counts if older]
        return {e for lacking, (older, e) in enumerate(in_range) if older >= lacking}

    def _belongs_here(self, item: Announcement, living: Collection[str]) -> bool:
        owner = self.owners.get(item.episode_id)
        return owner is None or owner == feed_key(item.feed_url) or owner not in living

    def _unify_mirrors(self, items: list[Announcement]) -> list[Announcement]:
        """Returns the items, each under the id with which its mirror was announced first."""
        ids_in_feed = {item.episode_id for item in items}
        return [self._with_first_id(item, ids_in_feed) for item in items]

    def _with_first_id(self, item: Announcement, ids_in_feed: set[str]) -> Announcement:
        keys = mirror_keys(item.guid, item.title, item.published_at, item.audio_url)
        first = next((self.mirrors[k] for k in keys if k in self.mirrors), None)
        if first is None or item.episode_id in self.hashes:
            return item
        # Within one show, the same file under a new guid is the same episode, unless the old guid
        # is still in the feed.
        is_mirror = first[1] != item.show_id or first[0] not in ids_in_feed
        return item.with_ids(*first) if is_mirror else item


def _keep_guid_ids(items: list[Announcement], audio: Mapping[str, str]) -> list[Announcement]:
    """Returns the items, such that a reused guid's id stays with the file it was announced for.

    `rss` decides by date. Publishers change dates, and an item may have left the feed.
    """
    files: dict[tuple[str, str], set[str]] = {}
    for item in items:
        files.setdefault((item.show_id, item.guid or ""), set()).add(audio_key(item.audio_url))
    return [
        _with_guid_id(item, files[item.show_id, item.guid], audio) if item.guid else item
        for item in items
    ]


def _with_guid_id(item: Announcement, files: set[str], audio: Mapping[str, str]) -> Announcement:
    """Returns an item under the id of its guid and file; `files` are all files of that guid."""
    reused = reused_guid_id(item.show_id, item.guid or "", item.audio_url)
    plain = episode_id(item.show_id, item.guid, None)
    assert plain is not None
    if reused in audio:
        return item.with_ids(reused, item.show_id)
    if len(files) > 1 and audio.get(plain) in files:
        is_announced_file = audio_key(item.audio_url) == audio[plain]
        return item.with_ids(plain if is_announced_file else reused, item.show_id)
    return item
