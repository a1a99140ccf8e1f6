"""Ingest of named feeds: polls them now, due or not, and follows those that are feeds."""

from collections.abc import Callable
from datetime import datetime
from itertools import chain

from podrec_assets.content.feeds import source as sources
from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_polling import STAGE, PollReport, PollRound
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.schemas import dead_letter
from podrec_assets.stores.delta import Lake, add_dead_letters

MANY = 4
"""Number of feeds from which on each is reported while the rest are still being read."""


def ingest_feeds(
    connections: Connections,
    feed_urls: list[str],
    backdate: bool,
    now: datetime,
    refetch: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> dict:
    """Polls the feeds and produces their new and changed episodes.

    Args:
        connections: the lake, Kafka and the fetcher.
        feed_urls: any number of feeds; one named twice is polled once.
        backdate: stamp records with the publication time; only into an empty topic.
        now: time of the polls.
        refetch: read feeds in full even if their server says that nothing changed.
        say: called with each line of progress.

    Returns:
        {"feeds": [fields of PollReport], "produced_count", "failed_count", "backdated"}
    """
    polling = PollRound(connections, now, backdate, refetch)
    if backdate and not polling.is_first:
        say("the topic is not empty, so new records get the current time")
    private = [url for url in feed_urls if sources.has_credentials(url)]
    usable = [url for url in feed_urls if not sources.has_credentials(url)]
    reports, wanted = [], _sources(connections.lake, usable, now)
    for report in chain(_refused(connections.lake, private, now), polling.poll(wanted)):
        reports.append(report)
        if len(feed_urls) >= MANY:
            say(f"{report.feed_url}: {report.error or counts_text(report)}")
    return {
        "feeds": [vars(r) for r in reports],
        "produced_count": sum(r.produced_count for r in reports),
        "failed_count": sum(bool(r.error) for r in reports),
        "backdated": polling.is_backdated,
    }


def counts_text(report: PollReport) -> str:
    """Returns what a successful poll brought, in words."""
    if report.is_unchanged:
        return "nothing changed"
    return f"{report.episode_count} episodes, {report.produced_count} new or changed"


def _refused(lake: Lake, urls: list[str], now: datetime) -> list[PollReport]:
    """Reports addresses with a user name or password, and keeps them as dead letters without."""
    errors = {sources.stored_address(url): sources.credentials_error(url) for url in urls}
    add_dead_letters(
        lake,
        [dead_letter(now.date(), STAGE, url, e.reason, str(e), b"") for url, e in errors.items()],
    )
    return [
        PollReport(url, error=str(e), reason=e.reason, dead_letter_count=1)
        for url, e in errors.items()
    ]


def _sources(lake: Lake, feed_urls: list[str], now: datetime) -> list[sources.Source]:
    """Returns each feed once, as already known under its address or the one that it moved to."""
    known: dict[str, sources.Source] = {}
    for source in FollowedFeeds(lake).current():
        known[source.key] = source
        if source.moved_to:
            known.setdefault(feed_key(source.moved_to), source)
    wanted = {}
    for url in feed_urls:
        source = known.get(feed_key(url)) or sources.new_source(url, now)
        wanted[source.key] = source
    return list(wanted.values())
