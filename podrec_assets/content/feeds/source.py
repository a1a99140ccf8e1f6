"""A source is a feed that podrec follows; polls change its state. Pure.

A source is `active` until a poll fails, `failing` until one succeeds again, and `dead` after
`dead_after` failures in a row, or at once when its server says that it is gone (410). The wait of a
failing source doubles with each failure, up to `longest_s`. A dead one is not polled until somebody
adds it again.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.errors import UnusableInputError
from podrec_assets.redaction import redacted, without_credentials

ACTIVE, FAILING, DEAD = STATUSES = ("active", "failing", "dead")
GONE = "http_410"


@dataclass(frozen=True)
class Source:
    """One followed feed; columns as in SOURCES."""

    feed_url: str
    added_at: datetime
    next_poll_at: datetime
    status: str = ACTIVE
    moved_to: str | None = None
    show_id: str | None = None
    show_title: str | None = None
    etag: str | None = None
    modified: str | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_changed_at: datetime | None = None
    failure_count: int = 0
    last_reason: str | None = None
    last_error: str | None = None
    episode_count: int = 0
    announced_count: int = 0
    dead_letter_count: int = 0

    @property
    def key(self) -> str:
        """The same for all addresses of one feed."""
        return feed_key(self.feed_url)

    @property
    def address(self) -> str:
        """The address that is fetched."""
        return self.moved_to or self.feed_url

    def row(self, day: date) -> dict:
        return {"day": day, **asdict(self)}


@dataclass(frozen=True)
class PollPolicy:
    """How often feeds are polled.

    Attributes:
        interval_s: seconds between two polls of a feed that answers.
        longest_s: most seconds between two polls of a failing feed.
        dead_after: failures in a row after which a feed is dead.
    """

    interval_s: float
    longest_s: float
    dead_after: int

    def wait_s(self, failure_count: int) -> float:
        """Returns the seconds until the next poll after so many failures in a row."""
        doublings = min(max(failure_count - 1, 0), 60)
        return min(self.interval_s * 2**doublings, max(self.longest_s, self.interval_s))


def from_row(row: dict) -> Source:
    """Returns the source of a row of SOURCES."""
    columns = {f.name: row[f.name] for f in fields(Source)}
    return Source(**columns | {"feed_url": stored_address(row["feed_url"])})


def new_source(url: str, now: datetime) -> Source:
    """Returns a source that is followed from now on and was never polled."""
    return Source(stored_address(url), now, now)


def stored_address(url: str) -> str:
    """Returns a feed's address as it is kept and shown: without user name and password."""
    address = without_credentials(url.strip())
    if "://" not in address:
        return address.rpartition("@")[2]
    try:
        has_port = urlsplit(address).port != 0
    except ValueError:
        has_port = False
    # A password with a slash looks like a host with a port that is no number.
    return redacted(address) if "@" in address and not has_port else address


def has_credentials(url: str) -> bool:
    """Whether an address has a user name or password, which podrec neither keeps nor uses."""
    return stored_address(url) != url.strip()


def credentials_error(url: str) -> UnusableInputError:
    """Returns the error for a feed whose address has a user name or password."""
    return UnusableInputError(
        "credentials",
        f"{stored_address(url)} was given with a user name or password, which podrec does not "
        "store; use an address without them, such as the private link that the publisher gives to "
        "podcast apps.",
    )


def revive(source: Source, now: datetime) -> Source:
    """Returns a source that was added again: due now, without its failures."""
    return replace(
        source, status=ACTIVE, failure_count=0, last_reason=None, last_error=None, next_poll_at=now
    )


def after_unchanged(
    source: Source, now: datetime, policy: PollPolicy, moved_to: str | None
) -> Source:
    """Returns the source after a poll that found nothing new (304)."""
    return replace(
        source,
        status=ACTIVE,
        moved_to=moved_to or source.moved_to,
        last_polled_at=now,
        last_success_at=now,
        next_poll_at=now + timedelta(seconds=policy.wait_s(0)),
        failure_count=0,
        last_reason=None,
        last_error=None,
    )


def after_success(
    source: Source,
    now: datetime,
    policy: PollPolicy,
    *,
    moved_to: str | None,
    validators: tuple[str | None, str | None],
    show: tuple[str, str | None],
    episode_count: int,
    announced_count: int,
    dead_letter_count: int,
) -> Source:
    """Returns the source after a poll that read the feed.

    Args:
        source: before the poll.
        now: time of the poll.
        policy: decides when the next poll is.
        moved_to: target of permanent redirects or of itunes:new-feed-url.
        validators: (etag, modified) of the response.
        show: (id, title).
        episode_count: usable episodes in the feed.
        announced_count: episodes that were new or changed.
        dead_letter_count: items that could not be used.
    """
    return replace(
        after_unchanged(source, now, policy, moved_to),
        etag=validators[0],
        modified=validators[1],
        show_id=show[0],
        show_title=show[1],
        last_changed_at=now if announced_count else source.last_changed_at,
        episode_count=episode_count,
        announced_count=source.announced_count + announced_count,
        dead_letter_count=dead_letter_count,
    )


def after_failure(
    source: Source,
    now: datetime,
    policy: PollPolicy,
    reason: str,
    error: str,
    retry_after_s: float | None = None,
) -> Source:
    """Returns the source after a failed poll.

    The target of an earlier redirect is dropped, with its validators: the original address may
    still work.
    """
    count = source.failure_count + 1
    etag, modified = (None, None) if source.moved_to else (source.etag, source.modified)
    return replace(
        source,
        status=DEAD if count >= policy.dead_after or reason == GONE else FAILING,
        moved_to=None,
        etag=etag,
        modified=modified,
        last_polled_at=now,
        next_poll_at=now
        + timedelta(seconds=max(policy.wait_s(count), min(retry_after_s or 0.0, policy.longest_s))),
        failure_count=count,
        last_reason=reason,
        last_error=error,
    )


def due(sources: Iterable[Source], now: datetime) -> list[Source]:
    """Returns the sources to poll now, the one that waited longest first."""
    waiting = [s for s in sources if s.status != DEAD and s.next_poll_at <= now]
    return sorted(waiting, key=lambda s: (s.next_poll_at, s.feed_url))
