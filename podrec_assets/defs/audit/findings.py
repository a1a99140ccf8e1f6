"""What an audit reports, and the phrases that audits share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from podrec_assets.stores.delta import to_ranges


@dataclass(frozen=True)
class Fault:
    """What is wrong and how to fix it, each as a clause without a full stop."""

    detail: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """One line of `podrec doctor`.

    Attributes:
        what: the thing that was examined.
        ok: whether it is in order.
        detail: its state, or what is wrong.
        remedy: how to fix it; "" if it is in order.
    """

    what: str
    ok: bool
    detail: str
    remedy: str


def commands_to_run(select: str, days: Iterable[date]) -> str:
    """The commands that materialize days of an asset again."""
    chosen = f"'{select}'" if " " in select else select
    return ", ".join(f"`podrec run --select {chosen} --days {a}..{b}`" for a, b in to_ranges(days))


def listed(days: Iterable[date]) -> str:
    """Days as ranges, for a sentence."""
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in to_ranges(days))
