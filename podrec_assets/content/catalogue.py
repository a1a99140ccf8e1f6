"""The catalogue as of a day: of an episode announced on several days, the latest announcement counts."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc


def of_window(rows: pa.Table, last: date, days: int) -> pa.Table:
    """The rows of the `days` days that end with `last`."""
    begin = last - timedelta(days=days - 1)
    return rows.filter((pc.field("day") >= begin) & (pc.field("day") <= last))


def latest(rows: pa.Table) -> pa.Table:
    """Of each episode only the rows of its latest day, in the order given."""
    episodes, days = rows["episode_id"].to_pylist(), rows["day"].to_pylist()
    newest: dict[str, date] = {}
    for episode, day in zip(episodes, days, strict=True):
        newest[episode] = max(day, newest.get(episode, day))
    # Arrow joins refuse nested columns, so the rows are picked by a mask.
    return rows.filter(pa.array([newest[e] == d for e, d in zip(episodes, days, strict=True)], pa.bool_()))


def catalogue(rows: pa.Table, last: date, days: int) -> pa.Table:
    """Latest rows of each episode of the window that ends with `last`."""
    return latest(of_window(rows, last, days))
