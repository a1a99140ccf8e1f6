"""Reasons in a listener's words. They name only what the listener has played. Pure."""


def content_reason(heard_title: str, finished: bool, passage: dict) -> str:
    """Why a content neighbour is there: what was heard, and the passages that are alike."""
    verb = "finished" if finished else "listened to"
    where = f" at {clock(passage['there_s'])}" if passage.get("there_s") is not None else ""
    return f"You {verb} “{heard_title}”; this one speaks of something close{where}: “{lead(passage['there_text'])}”."


def als_reason(heard_title: str | None, listeners: int) -> str:
    """Why ALS puts it there: the heard episode that gives most of the score, and how many others played both."""
    if heard_title is None or not listeners:
        return "Listeners with a history like yours play this."
    who = "A listener" if listeners == 1 else f"{listeners} listeners"
    return f"{who} who played “{heard_title}” as you did also played this."


def popular_reason(listeners: int) -> str:
    """Why a popular episode is there."""
    return f"Popular now: {listeners} listeners played it." if listeners > 1 else "Picked up by a listener lately."


def fresh_reason(show_title: str) -> str:
    """Why a new episode is there."""
    return f"New from {show_title}."


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def lead(text: str, length: int = 80) -> str:
    """The first words of a passage."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0].rstrip(",;:") + " …"
