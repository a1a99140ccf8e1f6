"""Days and windows of days: the catalogue as of a day has each episode's latest announcement."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def of_window(rows: pa.Table, last: date, days: int) -> pa.Table:
    """Returns the rows of the `days` days that end with `last`."""
    first = last - timedelta(days=days - 1)
    is_inside = pc.and_(pc.greater_equal(rows["day"], first), pc.less_equal(rows["day"], last))
    # A filter copies every vector, and in a run of one day all rows are inside.
    return rows if pc.all(is_inside).as_py() is not False else rows.filter(is_inside)


def latest(rows: pa.Table) -> pa.Table:
    """Returns the rows of each episode's latest day, in the given order."""
    if not len(rows):
        return rows
    codes = rows["episode_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    days = rows["day"].cast(pa.int32()).to_numpy()
    newest = np.full(codes.max() + 1, np.iinfo(np.int32).min, dtype=np.int32)
    np.maximum.at(newest, codes, days)
    is_latest = newest[codes] == days
    # A mask, because Arrow's joins refuse nested columns. A filter copies every vector.
    return rows if is_latest.all() else rows.filter(pa.array(is_latest))


def catalogue(rows: pa.Table, last: date, days: int) -> pa.Table:
    """Returns the latest rows of each episode in the window that ends with `last`."""
    return latest(of_window(rows, last, days))


def days_between(first: date, last: date) -> list[date]:
    """Returns all days from first to last, both included; none if last is before first."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
