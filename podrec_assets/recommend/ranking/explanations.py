"""Reasons in a listener's words. They name only what the listener has played. Pure."""

from dataclasses import dataclass

from podrec_assets.formatting import clock
from podrec_assets.recommend.ranking.candidates import Shelf

TOLD_SHARE = 0.25
"""Least share of the score that makes a source part of the reason; the largest always is."""
SHARE_DIGITS = 4


@dataclass(frozen=True)
class Told:
    """What a source says: a sentence, the heard episode that it names, and the passages that show
    it.
    """

    words: str
    heard: str | None = None
    passages: dict | None = None


def explained(given: dict[str, float], told: dict[str, Told]) -> dict:
    """The part of an item that says why: sources by what they gave, their shares, a sentence for
    each that counts.

    Args:
        given: by source, what it added to the score; at least 0.
        told: what the sources can say; `catalogue` speaks where no other does.
    """
    shares = shares_of(given)
    said = [
        (name, told[name]) for name, share in shares.items() if name in told and share >= TOLD_SHARE
    ]
    said = (
        said
        or [(name, told[name]) for name in shares if name in told][:1]
        or [("catalogue", told["catalogue"])]
    )
    causes = {name: one.heard for name, one in said if one.heard}
    return {
        "sources": list(shares),
        "shares": shares,
        "because": said[0][1].heard,
        "causes": causes,
        "passages": told["content"].passages if "content" in causes else None,
        "reason": " ".join(one.words for _, one in said),
    }


def shares_of(given: dict[str, float]) -> dict[str, float]:
    """Shares of what was given, the largest first, which add up to 1; all of the catalogue where
    nothing was given.
    """
    total = sum(given.values())
    if total <= 0:
        return {"catalogue": 1.0}
    shares = {
        n: round(g / total, SHARE_DIGITS)
        for n, g in sorted(given.items(), key=lambda a: (-a[1], a[0]))
    }
    largest, *others = (n for n, s in shares.items() if s > 0)
    return {
        largest: round(1 - sum(shares[n] for n in others), SHARE_DIGITS),
        **{n: shares[n] for n in others},
    }


def by_pair(similarities: list[dict]) -> dict[tuple[str, str], dict]:
    """(episode, neighbour) -> the neighbour's item in documents of similarities."""
    return {(d["episode_id"], one["episode_id"]): one for d in similarities for one in d["items"]}


def passages(pairs: dict[tuple[str, str], dict], heard: str, episode: str) -> dict | None:
    """What two episodes say alike: {here_s, here_text} of the heard one, {there_s, there_text};
    None where not compared.
    """
    if one := pairs.get((heard, episode)):
        return {
            f"{side}_{f}": one.get(f"{side}_{f}")
            for side in ("here", "there")
            for f in ("s", "text")
        }
    if one := pairs.get((episode, heard)):
        turned = {"here": "there", "there": "here"}
        return {
            f"{side}_{f}": one.get(f"{turned[side]}_{f}")
            for side in ("here", "there")
            for f in ("s", "text")
        }
    return None


def of_everybody(shelf: Shelf, column: int) -> dict[str, Told]:
    """What can be said of an episode to anybody."""
    show = shelf.rows[shelf.ids[column]]["show_title"]
    told = {"catalogue": Told(f"From the catalogue of {show}.")}
    if shelf.listener_count[column]:
        told["popular"] = Told(popular_reason(int(shelf.listener_count[column])))
    if shelf.freshness[column] > 0:
        told["fresh"] = Told(fresh_reason(show))
    return told


def content_reason(
    heard_title: str, finished: bool, passage: dict | None, same_show: bool = False
) -> str:
    """Why kin is there: what was heard, and the passages that are alike with their times, or the
    show that both are of.
    """
    verb = "finished" if finished else "listened to"
    if passage is None or not passage.get("there_text"):
        return (
            f"You {verb} “{heard_title}”, of the same show."
            if same_show
            else f"You {verb} “{heard_title}”, which is close."
        )
    theirs = (
        f"its passage at {clock(passage['here_s'])}"
        if passage.get("here_s") is not None
        else "one of its passages"
    )
    where = f" at {clock(passage['there_s'])}" if passage.get("there_s") is not None else ""
    return f"You {verb} “{heard_title}”; {theirs} is close to this one's{where}: “{lead(passage['there_text'])}”."


def als_reason(heard_title: str | None, listeners: int) -> str:
    """Why ALS puts it there: the heard episode that gives most of the score, and how many others
    played both.
    """
    if heard_title is None or not listeners:
        return "Listeners with a history like yours play this."
    who = "A listener" if listeners == 1 else f"{listeners} listeners"
    return f"{who} who played “{heard_title}” as you did also played this."


def popular_reason(listeners: int) -> str:
    """Why a popular episode is there."""
    return (
        f"Popular now: {listeners} listeners played it."
        if listeners > 1
        else "Picked up by a listener lately."
    )


def fresh_reason(show_title: str) -> str:
    """Why a new episode is there."""
    return f"New from {show_title}."


def lead(text: str, length: int = 80) -> str:
    """The first words of a passage."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0].rstrip(",;:") + " …"
