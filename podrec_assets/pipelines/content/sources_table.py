"""The feeds that podrec follows, remembered in `sources`: each day holds all of them, the latest
day is the present.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from podrec_assets.content.feeds import source
from podrec_assets.content.feeds.source import Source
from podrec_assets.day_windows import days_between
from podrec_assets.schemas import SOURCES
from podrec_assets.stores.delta import Lake


@dataclass(frozen=True)
class Followed:
    """The table `sources` of a lake."""

    lake: Lake

    def present(self) -> list[Source]:
        """All followed feeds, by address."""
        return self._on(self.lake.state(SOURCES.name).latest_day)

    def remember(self, polled: Iterable[Source], now: datetime) -> None:
        """Writes what polls taught of feeds, new ones included; a feed that was removed meanwhile
        is not brought back.
        """
        changed = {s.key: s for s in polled}
        with self.lake.writing(SOURCES.name):
            there = {s.key: s for s in self.present()}
            kept = {key: s for key, s in changed.items() if key in there or s.added_at == now}
            if kept:
                self._write(now.date(), (there | kept).values())

    def add(self, urls: Iterable[str], now: datetime) -> tuple[list[Source], list[Source]]:
        """Follows feeds from now on; a dead one that is added again is asked again.

        Returns:
            (feeds that are new, feeds that were followed already), as they are now.
        """
        with self.lake.writing(SOURCES.name):
            there = {s.key: s for s in self.present()}
            wanted = {s.key: s for s in (source.new_source(url, now) for url in urls)}
            again = {key: source.revive(there[key], now) for key in wanted if key in there}
            self._write(now.date(), (there | wanted | again).values())
        return [s for key, s in wanted.items() if key not in there], list(again.values())

    def remove(self, urls: Iterable[str], now: datetime) -> tuple[list[str], list[str]]:
        """Follows feeds no longer; their episodes stay. Returns (addresses removed, addresses that
        were not followed).
        """
        urls = list(urls)
        with self.lake.writing(SOURCES.name):
            there = {s.key: s for s in self.present()}
            gone = {source.new_source(url, now).key for url in urls} & there.keys()
            if gone:
                self._write(now.date(), (s for key, s in there.items() if key not in gone))
        is_gone = {url: source.new_source(url, now).key in gone for url in urls}
        return [url for url in urls if is_gone[url]], [url for url in urls if not is_gone[url]]

    def carry_on(self, days: Iterable[date]) -> None:
        """Writes the days that were never written, each as the day before it left the feeds."""
        with self.lake.writing(SOURCES.name):
            written = self.lake.state(SOURCES.name).days
            if missing := sorted(set(days) - written):
                self._replace({day: self._before(day, written) for day in missing})

    def _on(self, day: date | None) -> list[Source]:
        rows = self.lake.read_days(SOURCES.name, [day]).to_pylist() if day else []
        return sorted((source.from_row(row) for row in rows), key=lambda s: s.feed_url)

    def _before(self, day: date, written: Iterable[date]) -> list[Source]:
        return self._on(max((d for d in written if d < day), default=None))

    def _write(self, day: date, present: Iterable[Source]) -> None:
        """Writes the present, and the days since the last written one as that left the feeds."""
        state = self.lake.state(SOURCES.name)
        latest = state.latest_day or day
        gap = days_between(latest, day)[1:-1]
        # The present is the latest day: one that a clock once put ahead of now is written on.
        self._replace({d: self._on(latest) for d in gap} | {max(day, latest): list(present)})

    def _replace(self, found: dict[date, list[Source]]) -> None:
        rows = [
            s.row(day)
            for day, held in found.items()
            for s in sorted(held, key=lambda s: s.feed_url)
        ]
        self.lake.replace_days(SOURCES, SOURCES.rows(rows), found)
