"""Reading one feed: fetch, parse, and follow its new address and its pages."""

import time
from dataclasses import dataclass, field, replace

from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.content.feeds.rss import Feed, Problem, parse_feed, with_pages
from podrec_assets.content.feeds.source import Source
from podrec_assets.errors import PodrecError, UnusableInputError
from podrec_assets.settings import Settings
from podrec_assets.stores.http.client import Fetched, Fetcher


def read_feed(
    fetcher: Fetcher,
    settings: Settings,
    source: Source,
    validators: tuple[str | None, str | None],
) -> tuple[Fetched, Feed | None]:
    """Returns the response and its feed, with all pages; no feed if nothing changed.

    Raises:
        PodrecError: nothing of the feed can be used.
    """
    reading = _Reading(fetcher, source.feed_url, settings.feed_pages, settings.feed_read_s)
    fetched = fetcher.get(source.address, *validators)
    if fetched.status == 304:
        return fetched, None
    feed = reading.parse(fetched)
    if feed.new_url and feed_key(feed.new_url) not in map(
        feed_key, (source.feed_url, source.address, fetched.url)
    ):
        fetched, feed = reading.follow(feed.new_url, fetched, feed)
    return reading.read_pages(fetched, feed) if feed.next_url else (fetched, feed)


@dataclass
class _Reading:
    """One feed while it is read.

    Attributes:
        fetcher: client with its checks and deadline.
        feed_url: address under which the feed is followed.
        most_pages: pages of a paged feed that are read.
        time_s: seconds for the whole feed.
    """

    fetcher: Fetcher
    feed_url: str
    most_pages: int
    time_s: float
    began_at: float = field(default_factory=time.monotonic)

    def is_late(self) -> bool:
        return time.monotonic() - self.began_at > self.time_s

    def parse(self, fetched: Fetched) -> Feed:
        """Returns the feed of a response."""
        content = fetched.body, self.feed_url, fetched.url, fetched.content_type
        try:
            return parse_feed(*content, self.is_late)
        except UnusableInputError:
            raise
        except Exception as err:  # untrusted bytes that crash a parser must not stop other feeds
            why = f"{self.feed_url} made the parser fail: {type(err).__name__}: {str(err)[:200]}."
            raise UnusableInputError("parser_failed", why) from err

    def follow(self, url: str, old: Fetched, old_feed: Feed) -> tuple[Fetched, Feed]:
        """Returns the feed at its new address, or the old one with a problem if that is none.

        Then the response has no validators, so that the next poll tries again.
        """
        try:
            fetched = self.fetcher.get(url)
            return replace(fetched, moved_to=fetched.moved_to or url), self.parse(fetched)
        except PodrecError as err:
            detail = f"The feed says that it moved to {url}, so it is read here: {err}"
            problem = Problem(f"{self.feed_url}#new-feed-url", "new_address_unusable", detail)
            return _unvalidated(old), with_pages(old_feed, [], [problem])

    def read_pages(self, fetched: Fetched, feed: Feed) -> tuple[Fetched, Feed]:
        """Returns a paged feed with its other pages.

        If one of them fails, the response has no validators, so that the next poll reads it again.
        """
        pages: list[Feed] = []
        seen, url = {fetched.url}, feed.next_url
        while url and url not in seen:
            number = len(pages) + 2
            if number > self.most_pages:
                problem = self._too_many_pages(number)
                return fetched, with_pages(feed, pages, [problem])
            seen.add(url)
            try:
                page = self._page(url, number, feed.show_id)
            except PodrecError as err:
                reason = getattr(err, "reason", "feed_unusable")
                if reason == "empty_feed":
                    break
                problem = Problem(f"{self.feed_url}#page-{number}", reason, str(err))
                return _unvalidated(fetched), with_pages(feed, pages, [problem])
            pages.append(page)
            url = page.next_url
        return fetched, with_pages(feed, pages, [])

    def _too_many_pages(self, number: int) -> Problem:
        detail = (
            f"{self.feed_url} has more than {self.most_pages} pages; PODREC_FEED_PAGES sets how "
            "many are read."
        )
        return Problem(f"{self.feed_url}#page-{number}", "too_many_pages", detail)

    def _page(self, url: str, number: int, show_id: str) -> Feed:
        if self.is_late():
            raise UnusableInputError(
                "too_slow",
                f"{self.feed_url} takes longer than {self.time_s:g} s to read, up to page "
                f"{number}; PODREC_FEED_READ_S sets the limit.",
            )
        page = self.parse(self.fetcher.get(url))
        if page.show_id != show_id:
            raise UnusableInputError(
                "other_show", f"{url}, page {number} of {self.feed_url}, is of another show."
            )
        return page


def _unvalidated(fetched: Fetched) -> Fetched:
    return replace(fetched, etag=None, modified=None)
