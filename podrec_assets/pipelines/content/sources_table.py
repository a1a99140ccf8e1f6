"""The followed feeds, in the table `sources`: each day has all of them, the latest is current."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from podrec_assets.content.feeds import source
from podrec_assets.content.feeds.source import Source
from podrec_assets.day_windows import days_between
from podrec_assets.schemas import SOURCES
from podrec_assets.stores.delta import Lake


@dataclass(frozen=True)
class FollowedFeeds:
    """The table `sources` of a lake."""

    lake: Lake

    def current(self) -> list[Source]:
        """Returns all followed feeds, by address."""
        return self._on(self.lake.state(SOURCES.name).latest_day)

    def remember(self, polled: Iterable[Source], now: datetime) -> None:
        """Updates polled feeds and adds new ones; feeds removed in the meantime stay removed."""
        changed = {s.key: s for s in polled}
        with self.lake.writing(SOURCES.name):
            known = {s.key: s for s in self.current()}
            kept = {key: s for key, s in changed.items() if key in known or s.added_at == now}
            if kept:
                self._write(now.date(), (known | kept).values())

    def add(self, urls: Iterable[str], now: datetime) -> tuple[list[Source], list[Source]]:
        """Follows feeds from now on; a dead feed that is added again is polled again.

        Returns:
            The new feeds, and the ones that were already followed, in their new state.

        Raises:
            UnusableInputError: reason credentials, for an address with a user name; none is added.
        """
        urls = list(urls)
        if private := next(filter(source.has_credentials, urls), None):
            raise source.credentials_error(private)
        with self.lake.writing(SOURCES.name):
            known = {s.key: s for s in self.current()}
            wanted = {s.key: s for s in (source.new_source(url, now) for url in urls)}
            again = {key: source.revive(known[key], now) for key in wanted if key in known}
            self._write(now.date(), (known | wanted | again).values())
        return [s for key, s in wanted.items() if key not in known], list(again.values())

    def remove(self, urls: Iterable[str], now: datetime) -> tuple[list[str], list[str]]:
        """Stops following feeds; their episodes stay.

        Returns:
            The removed addresses, and the ones that were not followed.
        """
        urls = [source.stored_address(url) for url in urls]
        with self.lake.writing(SOURCES.name):
            known = {s.key: s for s in self.current()}
            gone = {source.new_source(url, now).key for url in urls} & known.keys()
            if gone:
                self._write(now.date(), (s for key, s in known.items() if key not in gone))
        is_gone = {url: source.new_source(url, now).key in gone for url in urls}
        return [url for url in urls if is_gone[url]], [url for url in urls if not is_gone[url]]

    def fill_days(self, days: Iterable[date]) -> None:
        """Writes the days that were never written, each as a copy of the day before it."""
        with self.lake.writing(SOURCES.name):
            written = self.lake.state(SOURCES.name).days
            if missing := sorted(set(days) - written):
                self._replace({day: self._before(day, written) for day in missing})

    def _on(self, day: date | None) -> list[Source]:
        rows = self.lake.read_days(SOURCES.name, [day]).to_pylist() if day else []
        return sorted((source.from_row(row) for row in rows), key=lambda s: s.feed_url)

    def _before(self, day: date, written: Iterable[date]) -> list[Source]:
        return self._on(max((d for d in written if d < day), default=None))

    def _write(self, day: date, feeds: Iterable[Source]) -> None:
        """Writes the current feeds, and fills the days since the latest one with its copy."""
        state = self.lake.state(SOURCES.name)
        latest = state.latest_day or day
        gap = days_between(latest, day)[1:-1]
        # If a clock was ahead once, the latest day is in the future and stays the current one.
        self._replace({d: self._on(latest) for d in gap} | {max(day, latest): list(feeds)})

    def _replace(self, feeds_by_day: dict[date, list[Source]]) -> None:
        rows = [
            feed.row(day)
            for day, feeds in feeds_by_day.items()
            for feed in sorted(feeds, key=lambda s: s.feed_url)
        ]
        self.lake.replace_days(SOURCES, SOURCES.rows(rows), feeds_by_day)
