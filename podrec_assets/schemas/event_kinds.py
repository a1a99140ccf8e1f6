"""The kinds of listening events: what each one counts, weighs and carries.

Messages, tables, scores, checks and the API read this list. To add a kind, add a line here and its
weight to `settings/listening.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class EventKind:
    """One kind of listening event.

    Attributes:
        name: `kind` in the message.
        counts: comment of the column that counts these events.
        weight: setting that holds the weight of one event; None weighs nothing.
        has_completed_share: carries the share played, and has three weights: `<weight>_finished`,
            `_middle` and `_abandoned`.
        undoes: kind whose weight one event takes back.
        is_endorsement: the listener values the episode: it counts as heard and as finished.
    """

    name: str
    counts: str
    weight: str | None = None
    has_completed_share: bool = False
    undoes: str | None = None
    is_endorsement: bool = False

    @property
    def count_column(self) -> str:
        """Column of USER_VS_EPISODE_DAILY that counts these events."""
        return f"{self.name}_count"

    @property
    def changes_score(self) -> bool:
        """Whether an event of this kind changes the daily score."""
        return bool(self.weight or self.undoes)


EVENT_KINDS = {
    kind.name: kind
    for kind in (
        EventKind("play", "Plays.", weight="weight_play", has_completed_share=True),
        EventKind("like", "Likes.", weight="weight_like", is_endorsement=True),
        EventKind("unlike", "Unlikes.", undoes="like"),
        EventKind("skip", "Skips.", weight="weight_skip"),
        EventKind("impression", "Times shown."),
        EventKind("click", "Clicks."),
        EventKind(
            "share", "Times recommended to others.", weight="weight_share", is_endorsement=True
        ),
    )
}
"""Kinds by name, in the order of their columns. Append new ones: columns are never reordered."""
