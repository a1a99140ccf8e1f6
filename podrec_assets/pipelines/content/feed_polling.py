"""Polling: feeds are fetched, what is new in them is announced on `episode-metadata`, and what a
poll taught is remembered.

The order makes a crash harmless: dead letters, then announcements, then the source with its
validators. Whatever is repeated finds its episodes announced already.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from podrec_assets.content.feeds import episode_message
from podrec_assets.content.feeds import source as sources
from podrec_assets.content.feeds.change_detection import COLUMNS, AnnouncedEpisodes
from podrec_assets.content.feeds.episode_message import Announcement
from podrec_assets.content.feeds.rss import Feed, Problem, parse_feed
from podrec_assets.content.feeds.source import PollPolicy, Source
from podrec_assets.errors import PodrecError, UnusableInputError
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.sources_table import Followed
from podrec_assets.schemas import EPISODES
from podrec_assets.stores.delta import add_dead_letters
from podrec_assets.stores.http.client import Fetched, Fetcher
from podrec_assets.stores.http.host_scheduler import Turns, in_turns
from podrec_assets.stores.kafka import KafkaStore, Message

STAGE = "sources"
"""Stage of the dead letters of feeds and their items."""
BATCH = 64
"""Feeds that are fetched, announced and remembered together."""
PER_HOST, GAP_S = 2, 0.0
"""Feeds of one host at once; a small file an hour needs no pause between two."""


@dataclass(frozen=True)
class PollReport:
    """What one poll of one feed did; `error` is None unless nothing could be used."""

    feed_url: str
    show_title: str | None = None
    episode_count: int = 0
    produced_count: int = 0
    error: str | None = None
    reason: str | None = None
    dead_letter_count: int = 0
    is_unchanged: bool = False


@dataclass
class Ingest:
    """One round of polls.

    Attributes:
        connections: where from and where to.
        now: the time that the round bears.
        backdate: stamp announcements with their publication time, which needs an empty topic.
        refetch: ask for whole feeds, whatever validators are known.
    """

    connections: Connections
    now: datetime
    backdate: bool = False
    refetch: bool = False
    held: list[Announcement] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.connections.settings
        self.kafka: KafkaStore = self.connections.kafka
        self.fetcher: Fetcher = self.connections.fetcher
        self.policy = PollPolicy(
            settings.poll_interval_s, settings.poll_longest_s, settings.poll_dead_after
        )
        self.kafka.ensure_topic(settings.episodes_topic, 1)
        self.is_first = not any(self.kafka.end_offsets(settings.episodes_topic).values())
        self.announced = what_was_announced(self.connections)
        self.followed = Followed(self.connections.lake)

    @property
    def is_backdated(self) -> bool:
        return self.backdate and self.is_first

    def poll(self, wanted: list[Source]) -> Iterable[PollReport]:
        """Polls feeds in their order; a feed or item that cannot be used is a dead letter and takes
        no other along.
        """
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            answers = self._answers(batch)
            living = {s.key for s in (*self.followed.present(), *batch) if s.status != sources.DEAD}
            outcomes = [self._outcome(source, answers[source.feed_url], living) for source in batch]
            self._keep_letters(letters for _, _, letters in outcomes)
            if not self.is_backdated:
                self._produce()
            self.followed.remember(
                [source for _, source, _ in outcomes if _is_worth_following(source)], self.now
            )
            yield from (report for report, _, _ in outcomes)
        self._produce()

    def _answers(
        self, batch: list[Source]
    ) -> dict[str, "tuple[Fetched, Feed | None] | PodrecError"]:
        """feed_url -> answer and feed (None where nothing changed), or why there is none."""
        by_url = {s.feed_url: s for s in batch}
        turns = Turns(list(by_url), PER_HOST, GAP_S)
        return dict(
            in_turns(
                turns,
                self.connections.settings.polls_parallel,
                lambda url, _: self._fetch(by_url[url]),
            )
        )

    def _fetch(self, source: Source) -> tuple[Fetched, Feed | None]:
        # On an empty topic nothing was announced, whatever was known when it was another.
        is_known = not self.refetch and not self.is_first
        validators = (source.etag, source.modified) if is_known else (None, None)
        fetched = self.fetcher.get(source.address, *validators)
        if fetched.status == 304:
            return fetched, None
        try:
            return fetched, parse_feed(fetched.body, source.feed_url)
        except PodrecError:
            raise
        except (
            Exception
        ) as err:  # whatever a stranger's bytes do to a parser must not stop the other feeds
            why = f"{source.feed_url} made the parser fail: {type(err).__name__}: {str(err)[:200]}."
            raise UnusableInputError("parser_failed", why) from err

    def _outcome(
        self, source: Source, answer: "tuple[Fetched, Feed | None] | PodrecError", living: set[str]
    ) -> tuple[PollReport, Source, list[dict]]:
        """(what is reported, what is remembered, dead letters) of one poll."""
        url = source.feed_url
        if isinstance(answer, PodrecError):
            reason = getattr(answer, "reason", "feed_unusable")
            after = sources.after_failure(
                source,
                self.now,
                self.policy,
                reason,
                str(answer),
                getattr(answer, "retry_after_s", None),
            )
            letter = _letter(self.now.date(), Problem(url, reason, str(answer)))
            return (
                PollReport(
                    url, source.show_title, error=str(answer), reason=reason, dead_letter_count=1
                ),
                after,
                [letter],
            )
        fetched, feed = answer
        if feed is None:
            after = sources.after_unchanged(source, self.now, self.policy, fetched.moved_to)
            return (
                PollReport(url, source.show_title, source.episode_count, is_unchanged=True),
                after,
                [],
            )
        fresh = self.announced.select_new(feed.episodes, living)
        self.held += fresh
        letters = [_letter(self.now.date(), problem) for problem in feed.problems]
        after = sources.after_success(
            source,
            self.now,
            self.policy,
            moved_to=fetched.moved_to,
            validators=(fetched.etag, fetched.modified),
            show=(feed.show_id, feed.show_title),
            episode_count=len(feed.episodes),
            announced_count=len(fresh),
            dead_letter_count=len(letters),
        )
        report = PollReport(
            url,
            feed.show_title,
            len(feed.episodes),
            len(fresh),
            dead_letter_count=len(letters),
            is_unchanged=False,
        )
        return report, after, letters

    def _keep_letters(self, letters: Iterable[list[dict]]) -> None:
        add_dead_letters(self.connections.lake, [letter for found in letters for letter in found])

    def _produce(self) -> None:
        settings = self.connections.settings
        self.kafka.produce(
            settings.episodes_topic,
            _messages(self.held, self.is_backdated, self.now, settings.start_day),
        )
        self.held.clear()


def what_was_announced(connections: Connections) -> AnnouncedEpisodes:
    """The announcements that have landed, and those that are still only on the topic."""
    kafka, lake, topic = connections.kafka, connections.lake, connections.settings.episodes_topic
    ledger = Ledger.from_json(lake.state(EPISODES.name).ledger)
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    announced = AnnouncedEpisodes()
    # Of a topic that was made anew nothing has landed.
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
    """Reports of the polls of the followed feeds that are due; the given days of `sources` are
    written.

    A past day that was never written gets the feeds as they were before it; one that was keeps what
    it has.
    """
    round_ = Ingest(connections, now)
    reports = (
        list(round_.poll(sources.due(round_.followed.present(), now))) if now.date() in days else []
    )
    round_.followed.carry_on(days)
    return reports


def _is_worth_following(source: Source) -> bool:
    """Not if it never gave a feed and never will: a mistyped address, a web page, a private
    network.
    """
    return source.last_success_at is not None or source.last_reason in (None, "fetch_failed")


def _messages(
    fresh: list[Announcement], backdated: bool, now: datetime, floor: date
) -> list[Message]:
    """Messages in time order; backdated ones bear their publication time, held between the first
    day and now.
    """
    first = datetime(floor.year, floor.month, floor.day, tzinfo=UTC)
    stamped = sorted(
        ((min(max(a.published_at or first, first), now), a) for a in fresh),
        key=lambda s: (s[0], s[1].episode_id),
    )
    return [
        Message(
            a.episode_id.encode(),
            episode_message.encode(a),
            int(at.timestamp() * 1000) if backdated else None,
        )
        for at, a in stamped
    ]


def _letter(day: date, problem: Problem) -> dict:
    return {
        "day": day,
        "stage": STAGE,
        "source_key": problem.source_key,
        "reason": problem.reason,
        "detail": problem.detail,
        "payload": problem.payload,
    }
