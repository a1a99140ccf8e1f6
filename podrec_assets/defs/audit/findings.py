"""What a look at one part of podrec found, and what is to be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from podrec_assets.stores.delta import to_ranges


@dataclass(frozen=True)
class Fault:
    """What is wrong, and what to do about it, each in half a sentence."""

    detail: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: of what, whether it is well, in what state, and what to do where it
    is not.
    """

    what: str
    ok: bool
    detail: str
    remedy: str


def again(select: str, days: Iterable[date]) -> str:
    """The commands that make days of an asset again."""
    chosen = f"'{select}'" if " " in select else select
    return ", ".join(f"`podrec run --select {chosen} --days {a}..{b}`" for a, b in to_ranges(days))


def listed(days: Iterable[date]) -> str:
    """Days as ranges, for a sentence."""
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in to_ranges(days))
