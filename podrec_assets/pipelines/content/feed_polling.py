"""Polling: fetches feeds, announces new episodes on `episode-metadata`, and updates the sources.

The order makes a crash harmless: dead letters first, then announcements, then the source with its
validators. A repeated poll finds its episodes already announced.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from podrec_assets.content.feeds import episode_message
from podrec_assets.content.feeds import source as sources
from podrec_assets.content.feeds.change_detection import COLUMNS, AnnouncedEpisodes
from podrec_assets.content.feeds.dropped_episodes import feed_records
from podrec_assets.content.feeds.episode_message import Announcement
from podrec_assets.content.feeds.rss import Feed, Problem
from podrec_assets.content.feeds.source import PollPolicy, Source
from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_reading import read_feed
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import EPISODES, SOURCES, dead_letter
from podrec_assets.stores.delta import Lake, add_dead_letters
from podrec_assets.stores.http.client import Fetched, Fetcher
from podrec_assets.stores.http.host_scheduler import HostScheduler
from podrec_assets.stores.kafka import KafkaStore, Message

STAGE = SOURCES.name
"""Stage of the dead letters of feeds and their items."""
BATCH = 64
"""Feeds that are fetched, announced and recorded together."""
PER_HOST, GAP_S = 2, 0.0
"""Parallel requests to a host, and the pause between them: a feed is one small file an hour."""
Answer = tuple[Fetched, Feed | None] | PodrecError
"""A response with its feed, None if unchanged; or the error."""


@dataclass(frozen=True)
class PollReport:
    """Result of one poll of one feed; `error` is None unless nothing was usable."""

    feed_url: str
    show_title: str | None = None
    episode_count: int = 0
    produced_count: int = 0
    error: str | None = None
    reason: str | None = None
    dead_letter_count: int = 0
    is_unchanged: bool = False


@dataclass
class PollRound:
    """One round of polls.

    Attributes:
        connections: fetcher, Kafka, lake and settings.
        now: time of the round.
        backdate: stamp announcements with their publication time; needs an empty topic.
        refetch: fetch whole feeds, without conditional requests.
        pending: announcements that are not produced yet.
    """

    connections: Connections
    now: datetime
    backdate: bool = False
    refetch: bool = False
    pending: list[Announcement] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.connections.settings
        self.kafka: KafkaStore = self.connections.kafka
        self.fetcher: Fetcher = self.connections.fetcher
        self.policy = PollPolicy(
            settings.poll_interval_s, settings.poll_longest_s, settings.poll_dead_after
        )
        self.kafka.ensure_topic(settings.episodes_topic, 1)
        self.is_first = not any(self.kafka.end_offsets(settings.episodes_topic).values())
        self.announced = read_announced(self.connections.lake, self.kafka, settings.episodes_topic)
        self.followed = FollowedFeeds(self.connections.lake)
        self.withdrawals = WithdrawalRecords(self.connections.lake)

    @property
    def is_backdated(self) -> bool:
        return self.backdate and self.is_first

    def poll(self, wanted: list[Source]) -> Iterable[PollReport]:
        """Polls feeds in order.

        An unusable feed or item becomes a dead letter and does not affect the others.
        """
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            answers = self._answers(batch)
            living = {s.key for s in (*self.followed.current(), *batch) if s.status != sources.DEAD}
            outcomes = [self._outcome(source, answers[source.feed_url], living) for source in batch]
            letters = [letter for _, _, letters in outcomes for letter in letters]
            add_dead_letters(self.connections.lake, letters)
            if not self.is_backdated:
                self._produce()
            self._record_drops(batch, answers, living)
            polled = [source for _, source, _ in outcomes if _is_worth_following(source)]
            self.followed.remember(polled, self.now)
            yield from (report for report, _, _ in outcomes)
        self._produce()

    def _answers(self, batch: list[Source]) -> dict[str, Answer]:
        """Fetches the feeds in parallel; returns the answers by feed_url."""
        by_url = {s.feed_url: s for s in batch}
        scheduler = HostScheduler(list(by_url), PER_HOST, GAP_S)
        parallel = self.connections.settings.polls_parallel
        return dict(scheduler.run(parallel, lambda url, _: self._fetch(by_url[url])))

    def _fetch(self, source: Source) -> tuple[Fetched, Feed | None]:
        # Nothing was announced on an empty topic, even if the feed was polled for another one.
        is_conditional = not self.refetch and not self.is_first
        validators = (source.etag, source.modified) if is_conditional else (None, None)
        return read_feed(self.fetcher, self.connections.settings, source, validators)

    def _outcome(
        self, source: Source, answer: Answer, living: set[str]
    ) -> tuple[PollReport, Source, list[dict]]:
        """Returns the report, the source after the poll, and dead letters."""
        url, day = source.feed_url, self.now.date()
        if isinstance(answer, PodrecError):
            reason, error = getattr(answer, "reason", "feed_unusable"), str(answer)
            wait_s = getattr(answer, "retry_after_s", None)
            after = sources.after_failure(source, self.now, self.policy, reason, error, wait_s)
            report = PollReport(
                url, source.show_title, error=error, reason=reason, dead_letter_count=1
            )
            return report, after, [_letter(day, Problem(url, reason, error))]
        fetched, feed = answer
        if feed is None:
            after = sources.after_unchanged(source, self.now, self.policy, fetched.moved_to)
            report = PollReport(url, source.show_title, source.episode_count, is_unchanged=True)
            return report, after, []
        new = self.announced.select_new(feed.episodes, living)
        self.pending += new
        letters = [_letter(day, problem) for problem in feed.problems]
        after = sources.after_success(
            source,
            self.now,
            self.policy,
            moved_to=fetched.moved_to,
            validators=(fetched.etag, fetched.modified),
            show=(feed.show_id, feed.show_title),
            episode_count=len(feed.episodes),
            announced_count=len(new),
            dead_letter_count=len(letters),
        )
        report = PollReport(
            url, feed.show_title, len(feed.episodes), len(new), dead_letter_count=len(letters)
        )
        return report, after, letters

    def _record_drops(
        self, batch: list[Source], answers: dict[str, Answer], living: set[str]
    ) -> None:
        """Records which episodes the polled feeds no longer list, and which they list again."""
        read = [(s, answer[1]) for s in batch if isinstance(answer := answers[s.feed_url], tuple)]
        limit = self.connections.settings.withdraw_after_polls
        self.withdrawals.add(
            lambda state: [
                row
                for source, feed in read
                for row in feed_records(
                    state, self.announced, source.feed_url, feed, living, limit, self.now
                )
            ]
        )

    def _produce(self) -> None:
        settings = self.connections.settings
        self.kafka.produce(
            settings.episodes_topic,
            _messages(self.pending, self.is_backdated, self.now, settings.start_day),
        )
        self.pending.clear()


def read_announced(lake: Lake, kafka: KafkaStore, topic: str) -> AnnouncedEpisodes:
    """Reads the announcements that have landed, and those that are only on the topic yet."""
    ledger = lake.ledger(EPISODES.name)
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    announced = AnnouncedEpisodes()
    # Nothing has landed from a topic that was recreated.
    is_same = bool(ledger.landed) and ledger.topic_id == kafka.topic_id(topic)
    if is_same:
        order = ("kafka_partition", "kafka_offset")
        for row in (
            lake.read(EPISODES.name, columns=(*COLUMNS, *order))
            .sort_by([(c, "ascending") for c in order])
            .to_pylist()
        ):
            announced.add(row)
    starts = {p: max(low[p], ledger.landed.get(p, 0) if is_same else 0) for p in ends}
    for records in kafka.read(
        topic, {p: (starts[p], end) for p, end in ends.items() if end > starts[p]}
    ):
        rows, _ = episode_message.landing_rows(records, lambda r: date.min)
        for row in sorted(rows, key=lambda r: (r["kafka_partition"], r["kafka_offset"])):
            announced.add(row)
    return announced


def poll_due(connections: Connections, days: list[date], now: datetime) -> list[PollReport]:
    """Polls the followed feeds that are due, writes the days of `sources`, and returns reports.

    A past day that was never written gets the feeds as the day before it left them.
    """
    ingest, reports = PollRound(connections, now), []
    if now.date() in days:
        reports = list(ingest.poll(sources.due(ingest.followed.current(), now)))
    ingest.followed.fill_days(days)
    return reports


def _is_worth_following(source: Source) -> bool:
    """Whether it has been a feed or may become one: not a web page, typo or private address."""
    return source.last_success_at is not None or source.last_reason in (None, "fetch_failed")


def _messages(
    fresh: list[Announcement], backdated: bool, now: datetime, floor: date
) -> list[Message]:
    """Returns messages in order of publication time, which is clamped to first day..now.

    Their timestamp is that time if backdated, else now: the clock of the poll decides the day.
    Episodes from before the first day come with the earliest of the others, or now: a single date
    of 1970 must not make a day of work for each day since.
    """
    start = datetime(floor.year, floor.month, floor.day, tzinfo=UTC)
    times = {a.published_at for a in fresh if a.published_at and start <= a.published_at <= now}
    first = min(times, default=now)
    stamped = sorted(
        ((min(max(a.published_at or first, first), now), a) for a in fresh),
        key=lambda s: (s[0], s[1].episode_id),
    )
    return [
        Message(
            a.episode_id.encode(),
            episode_message.encode(a),
            int((at if backdated else now).timestamp() * 1000),
        )
        for at, a in stamped
    ]


def _letter(day: date, problem: Problem) -> dict:
    return dead_letter(
        day, STAGE, problem.source_key, problem.reason, problem.detail, problem.payload
    )
