"""When a transcript is tried again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podrec_assets.content.asr.contract import AsrEngine

LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and with what waits: `first_wait`, then twice the last one, LONGEST_WAIT at most."""

    max_attempts: int
    first_wait: timedelta

    def next_attempt(self, attempts: int, now: datetime) -> datetime | None:
        """When to try again after so many failed attempts; None when that was the last."""
        if attempts >= self.max_attempts:
            return None
        return now + min(self.first_wait * 2 ** (attempts - 1), LONGEST_WAIT)


def is_due(
    row: dict, now: datetime, engine: AsrEngine | None, redo: frozenset[str] = frozenset()
) -> bool:
    """Whether a TRANSCRIPTS row whose inputs did not change is to be made again.

    Args:
        row: with status, engine, language, is_low_quality, next_attempt_at.
        now: this time.
        engine: ASR engine of this run; None for none.
        redo: statuses that are made again in any case.
    """
    if row["status"] in redo:
        return True
    is_other = (
        engine is not None
        and not engine.produced(row["engine"])
        and engine.supports(row["language"])
    )
    match row["status"]:
        case "failed":
            # An ASR engine that heard nothing is named in the row: another one may hear more.
            is_next = row["next_attempt_at"] is not None and row["next_attempt_at"] <= now
            return is_next or bool(row["engine"] and is_other)
        case "over_budget":
            return engine is not None
        case "no_model" | "quarantined":
            return is_other
        case "ok":
            return (
                bool(row["is_low_quality"])
                and is_other
                and engine is not None
                and not engine.is_low_quality
            )
    return False
