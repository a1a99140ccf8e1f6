"""The catalogue as of a day: of an episode announced on several days, the latest announcement
counts.
"""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def of_window(rows: pa.Table, last: date, days: int) -> pa.Table:
    """The rows of the `days` days that end with `last`."""
    begin = last - timedelta(days=days - 1)
    is_inside = pc.and_(pc.greater_equal(rows["day"], begin), pc.less_equal(rows["day"], last))
    # A filter would copy every vector, and for a run of one day all rows are inside.
    return rows if pc.all(is_inside).as_py() is not False else rows.filter(is_inside)


def latest(rows: pa.Table) -> pa.Table:
    """Of each episode only the rows of its latest day, in the order given."""
    if not len(rows):
        return rows
    codes = rows["episode_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    days = rows["day"].cast(pa.int32()).to_numpy()
    newest = np.full(codes.max() + 1, np.iinfo(np.int32).min, dtype=np.int32)
    np.maximum.at(newest, codes, days)
    is_latest = newest[codes] == days
    # Arrow joins refuse nested columns, so the rows are picked by a mask; a filter would copy every
    # vector.
    return rows if is_latest.all() else rows.filter(pa.array(is_latest))


def catalogue(rows: pa.Table, last: date, days: int) -> pa.Table:
    """Latest rows of each episode of the window that ends with `last`."""
    return latest(of_window(rows, last, days))


def days_between(first: date, last: date) -> list[date]:
    """All days from first to last, both included; empty if last lies before first."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
