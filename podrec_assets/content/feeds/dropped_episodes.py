"""Which episodes a poll of a feed did not find, or found again. Pure."""

from datetime import datetime

from podrec_assets.content.feeds.change_detection import AnnouncedEpisodes
from podrec_assets.content.feeds.rss import Feed
from podrec_assets.content.withdrawals import FEED, Withdrawals, after_find, after_miss

DROPPED = "Its feed no longer lists it, although it lists older episodes."
LISTED = "Its feed lists it again."
HARMLESS = {"duplicate_item", "new_address_unusable", "too_many_pages"}
"""Reasons of problems that hide no episode of the feed."""


def feed_records(
    state: Withdrawals,
    announced: AnnouncedEpisodes,
    feed_url: str,
    feed: Feed | None,
    living: set[str],
    limit: int,
    now: datetime,
) -> list[dict]:
    """Returns the records of one poll, rows of WITHDRAWALS.

    Args:
        state: before the poll.
        announced: all announced episodes, those of this poll too.
        feed_url: the feed.
        feed: what it lists; None if it did not change, so that what it lacked is still lacking.
        living: keys of the feeds that are followed and not dead.
        limit: polls that withdraw an episode.
        now: time of the poll.
    """
    own = announced.of_feed(feed_url)
    if feed is None:
        missed = {e for e in own if state.standing(e, FEED).missed_count}
        return _misses(state, missed, limit, now)
    opened = {e for (e, s), standing in state.standings.items() if s == FEED and standing.is_open}
    listed = announced.listed_ids(feed.episodes) if opened else set()
    found = {e for e in opened & listed if e in own or announced.owners.get(e) not in living}
    is_complete = all(problem.reason in HARMLESS for problem in feed.problems)
    missed = announced.dropped(feed_url, feed.episodes) if is_complete else set()
    records = [r for e in sorted(found) for r in after_find(state, e, FEED, LISTED, now)]
    return records + _misses(state, missed, limit, now)


def _misses(state: Withdrawals, episodes: set[str], limit: int, now: datetime) -> list[dict]:
    return [
        record
        for episode in sorted(episodes)
        for record in after_miss(state, episode, FEED, limit, DROPPED, now)
    ]
