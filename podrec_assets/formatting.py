"""Values as people read them."""


def clock(seconds: float) -> str:
    """Formats seconds as m:ss, or h:mm:ss from an hour on."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
