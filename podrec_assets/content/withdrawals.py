"""Which episodes and shows are withdrawn, from the records of `withdrawals`. Pure.

A person withdraws an episode or a show and brings it back. A feed that no longer lists an episode,
and audio that is gone, withdraw it after several misses, and bring it back when they find it again.
Whoever withdrew it, a person can bring it back: then the feed or the audio must find it once before
its misses count again.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

PERSON, FEED, AUDIO = SOURCES = ("person", "feed", "audio")
BY = {PERSON: "a person", FEED: "its feed", AUDIO: "its audio"}
NO_REASON = "No reason was given."
WITHDRAWN, MISSED, RETURNED = ACTIONS = ("withdrawn", "missed", "returned")


@dataclass(frozen=True)
class Withdrawal:
    """Why an episode is in no list: what it or its show was withdrawn by, when and why."""

    target_id: str
    source: str
    withdrawn_at: datetime
    reason: str

    @property
    def says(self) -> str:
        """The withdrawal as people read it."""
        at = f"{self.withdrawn_at:%Y-%m-%d %H:%M} UTC"
        return f"withdrawn {at} by {BY[self.source]}: {self.reason}"

    def document(self) -> dict:
        """Returns it as JSON."""
        return asdict(self) | {"withdrawn_at": self.withdrawn_at.isoformat(), "says": self.says}


@dataclass(frozen=True)
class Standing:
    """What one source says of an episode or show.

    Attributes:
        withdrawal: the current one, if any.
        missed_count: misses since it was last found; 0 for a person.
        missed_at: the last miss.
        is_overruled: a person brought it back, and the source has not found it since.
    """

    withdrawal: Withdrawal | None = None
    missed_count: int = 0
    missed_at: datetime | None = None
    is_overruled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether finding the episode would change something."""
        return bool(self.withdrawal or self.missed_count or self.is_overruled)


@dataclass
class Withdrawals:
    """The state after some records.

    Attributes:
        standings: by (episode or show, source); the others have no record.
    """

    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)

    @property
    def current(self) -> list[Withdrawal]:
        """All withdrawals that hold, the newest first."""
        held = [s.withdrawal for s in self.standings.values() if s.withdrawal]
        return sorted(held, key=lambda w: (-w.withdrawn_at.timestamp(), w.target_id, w.source))

    def standing(self, target: str, source: str) -> Standing:
        """Returns what a source says of an episode or show."""
        return self.standings.get((target, source), Standing())

    def of(self, episode: str, show: str | None) -> Withdrawal | None:
        """Returns why an episode is withdrawn; a person's word comes first."""
        keys = [(episode, PERSON), (show or "", PERSON), (episode, FEED), (episode, AUDIO)]
        standings = (self.standings.get(key) for key in keys)
        return next((s.withdrawal for s in standings if s and s.withdrawal), None)

    def among(self, episodes: Iterable[tuple[str, str | None]]) -> frozenset[str]:
        """Returns the withdrawn ones of some episodes, given as (episode, show)."""
        return frozenset(episode for episode, show in episodes if self.of(episode, show))

    def add(self, record: dict) -> None:
        """Takes over one record, a row of WITHDRAWALS; later ones after earlier ones."""
        target, source, action = record["target_id"], record["source"], record["action"]
        before = self.standing(target, source)
        if action == WITHDRAWN:
            withdrawal = Withdrawal(target, source, record["recorded_at"], record["reason"])
            after = replace(before, withdrawal=before.withdrawal or withdrawal)
        elif action == MISSED:
            count = before.missed_count + 1
            after = replace(before, missed_count=count, missed_at=record["recorded_at"])
        else:
            after = Standing()
            if source == PERSON:
                self._overrule(target)
        self.standings[target, source] = after

    def _overrule(self, target: str) -> None:
        for source in (FEED, AUDIO):
            if self.standing(target, source).withdrawal:
                self.standings[target, source] = Standing(is_overruled=True)


def withdrawals(records: Iterable[dict]) -> Withdrawals:
    """Returns the state after the records, rows of WITHDRAWALS in any order."""
    state = Withdrawals()
    for record in sorted(records, key=lambda r: (r["recorded_at"], r["source"], r["target_id"])):
        state.add(record)
    return state


def record(target: str, source: str, action: str, reason: str, now: datetime) -> dict:
    """Returns a row of WITHDRAWALS."""
    return {
        "day": now.date(),
        "target_id": target,
        "source": source,
        "recorded_at": now,
        "action": action,
        "reason": reason,
    }


def after_word(
    state: Withdrawals, target: str, is_withdrawn: bool, reason: str, now: datetime
) -> list[dict]:
    """Returns the record of a person's word on an episode or show, if it changes something."""
    held = [s for s in SOURCES if state.standing(target, s).withdrawal]
    if is_withdrawn:
        is_new, action = PERSON not in held, WITHDRAWN
    else:
        is_new, action = bool(held), RETURNED
    return [record(target, PERSON, action, reason or NO_REASON, now)] if is_new else []


def after_find(
    state: Withdrawals, episode: str, source: str, reason: str, now: datetime
) -> list[dict]:
    """Returns the record of an episode that was found, if it matters."""
    is_open = state.standing(episode, source).is_open
    return [record(episode, source, RETURNED, reason, now)] if is_open else []


def after_miss(
    state: Withdrawals, episode: str, source: str, limit: int, reason: str, now: datetime
) -> list[dict]:
    """Returns the record of an episode that was not found, if it matters.

    Args:
        state: before the miss.
        episode: the episode.
        source: FEED or AUDIO; of a day, only the first miss of the audio counts.
        limit: misses that withdraw it.
        reason: what was missed, as a sentence.
        now: time of the miss.
    """
    before = state.standing(episode, source)
    is_counted = (
        source == AUDIO and before.missed_at is not None and before.missed_at.date() == now.date()
    )
    if before.withdrawal or before.is_overruled or is_counted:
        return []
    action = WITHDRAWN if before.missed_count + 1 >= limit else MISSED
    return [record(episode, source, action, reason, now)]
