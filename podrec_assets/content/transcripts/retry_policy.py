"""When a transcript is tried again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podrec_assets.content.asr.contract import AsrEngine

LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class RetryPolicy:
    """How often to retry, and after which waits.

    The first wait is `first_wait`; each later one is twice as long, up to LONGEST_WAIT.
    """

    max_attempts: int
    first_wait: timedelta

    def next_attempt(self, attempts: int, now: datetime) -> datetime | None:
        """Returns when to try again after so many failures; None when that was the last attempt."""
        if attempts >= self.max_attempts:
            return None
        return now + min(self.first_wait * 2 ** (attempts - 1), LONGEST_WAIT)


def is_due(
    row: dict, now: datetime, engine: AsrEngine | None, redo: frozenset[str] = frozenset()
) -> bool:
    """Whether a TRANSCRIPTS row is recomputed although its inputs did not change.

    Args:
        row: with status, engine, language, is_low_quality, next_attempt_at.
        now: current time.
        engine: ASR engine of this run; None where ASR is off.
        redo: statuses to recompute in any case.
    """
    if row["status"] in redo:
        return True
    is_other_engine = (
        engine is not None
        and not engine.produced(row["engine"])
        and engine.supports(row["language"])
    )
    match row["status"]:
        case "failed":
            # A failed row with an engine is one in which ASR heard nothing: another may hear more.
            has_waited = row["next_attempt_at"] is not None and row["next_attempt_at"] <= now
            return has_waited or bool(row["engine"] and is_other_engine)
        case "over_budget":
            return engine is not None
        case "no_model" | "quarantined":
            return is_other_engine
        case "ok":
            return bool(row["is_low_quality"]) and is_other_engine
    return False
