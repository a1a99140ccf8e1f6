"""Charts with titles, units and one look. Colours come from the theme, so that they fit dark and
light. Pure.
"""

from typing import Any

import altair as alt
import pandas as pd

Layers = alt.LayerChart | alt.FacetChart
HEIGHT = 260
SHOWN_OFTEN = 30
"""Impressions from which on a click-through's interval decides how high a chart reaches."""
DAY_MS = 86_400_000
MOST_TICKS = 6
DAY_SHOWN = alt.Tooltip("utcyearmonthdate(day):T", title="day", format="%d %b %Y")
"""Days are UTC; in a browser to the west their midnight is the evening before."""


def lines(
    rows: pd.DataFrame, title: str, unit: str, series: str | None = None, value: str = "value"
) -> alt.Chart:
    """A line over days; columns day, the value, and the series where there are several."""
    found = alt.Chart(rows, title=title, height=HEIGHT).mark_line(point=len(rows) < 100)
    colour: dict[str, Any] = {"color": _series(rows, series)} if series else {}
    shown = [DAY_SHOWN, *([series] if series else []), alt.Tooltip(f"{value}:Q", title=unit)]
    return found.encode(x=_days(rows), y=alt.Y(f"{value}:Q", title=unit), tooltip=shown, **colour)


def lines_with_intervals(
    rows: pd.DataFrame, title: str, unit: str, series: str | None, value: str = "value"
) -> Layers:
    """Lines over days with their 95 % intervals as bands; columns day, series, value, low and high."""
    colour: dict[str, Any] = {"color": _series(rows, series)} if series else {}
    base = alt.Chart(rows).encode(x=_days(rows), **colour)
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=unit), y2="high:Q")
    parts = [alt.Tooltip(f"{n}:Q", format=".3f") for n in (value, "low", "high")]
    shown = [DAY_SHOWN, *([series] if series else []), *parts]
    line = base.mark_line(point=True).encode(y=alt.Y(f"{value}:Q", title=unit), tooltip=shown)
    return alt.layer(band, line).properties(title=title, height=HEIGHT)


def columns(rows: pd.DataFrame, title: str, x: str, y: str, x_unit: str, y_unit: str) -> alt.Chart:
    """Upright bars over an ordered x."""
    axes: dict[str, Any] = {
        "x": alt.X(f"{x}:O", title=x_unit, axis=alt.Axis(labelAngle=0)),
        "y": alt.Y(f"{y}:Q", title=y_unit),
    }
    return (
        alt.Chart(rows, title=title, height=HEIGHT)
        .mark_bar()
        .encode(**axes, tooltip=list(rows.columns))
    )


def ranking(rows: pd.DataFrame, title: str, name: str, value: str, unit: str) -> alt.Chart:
    """Lying bars, the largest on top."""
    # Names are of any length: cut, with the whole one in the tooltip.
    axis = alt.Axis(labelLimit=150, labelOverlap=False, title=None)
    y = alt.Y(f"{name}:N", sort="-x", axis=axis)
    chart = alt.Chart(rows, title=title, height=max(HEIGHT, 60 + 24 * len(rows))).mark_bar()
    return chart.encode(x=alt.X(f"{value}:Q", title=unit), y=y, tooltip=list(rows.columns))


def shares_with_intervals(rows: pd.DataFrame, title: str, x: str, x_unit: str) -> Layers:
    """Click-through by something ordered, with 95 % intervals; columns click_through, low, high,
    impressions, clicks.
    """
    base = alt.Chart(rows).encode(
        x=alt.X(
            f"{x}:O", title=x_unit, axis=alt.Axis(labelAngle=0, labelLimit=110, labelOverlap=True)
        )
    )
    # What was shown a few times has an interval that would leave the others no room: it is cut at
    # the chart's edge.
    often = rows[rows["impressions"] >= SHOWN_OFTEN]
    scale = alt.Scale(domain=[0, min(1.0, 1.1 * (often if len(often) else rows)["high"].max())])
    y = alt.Y(
        "click_through:Q", title="clicks per impression", axis=alt.Axis(format=".0%"), scale=scale
    )
    bars = base.mark_bar(clip=True).encode(y=y, tooltip=_shares(x))
    whiskers = base.mark_rule(strokeWidth=2, opacity=0.6, clip=True).encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    return alt.layer(bars, whiskers).properties(title=title, height=HEIGHT)


def retention(rows: pd.DataFrame, title: str, unit: str) -> alt.Chart:
    """Share of each cohort that came back so many periods later; columns cohort, later, listeners,
    share.
    """
    rows = rows.assign(cohort=pd.to_datetime(rows["cohort"]).dt.strftime("%Y-%m-%d"))
    axes: dict[str, Any] = {
        "x": alt.X("later:O", title=f"{unit} later", axis=alt.Axis(labelAngle=0)),
        "y": alt.Y("cohort:O", title="first heard"),
        "color": alt.Color(
            "share:Q",
            title="share",
            scale=alt.Scale(domain=[0, 1]),
            legend=alt.Legend(format=".0%"),
        ),
    }
    shown = ["cohort", "later", "listeners", alt.Tooltip("share:Q", format=".1%")]
    return alt.Chart(rows, title=title, height=HEIGHT).mark_rect().encode(**axes, tooltip=shown)


def _days(rows: pd.DataFrame) -> alt.X:
    """Days with a mark each where they are few: left alone, an axis of two days repeats their names
    at noon.
    """
    named = [
        alt.DateTime(year=d.year, month=d.month, date=d.day, utc=True)
        for d in sorted(set(rows["day"]))
    ]
    few = (
        {"values": named}
        if len(named) <= MOST_TICKS
        else {"tickCount": MOST_TICKS, "tickMinStep": DAY_MS}
    )
    return alt.X(
        "day:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(title=None, format="%d %b", labelOverlap=True, **few),
    )  # type: ignore[arg-type]


def _series(rows: pd.DataFrame, name: str) -> alt.Color:
    """Colours in the order in which the series come; without symbolOpacity a legend takes that of
    the band.
    """
    legend = alt.Legend(orient="bottom", symbolOpacity=1)
    return alt.Color(f"{name}:N", title=None, sort=rows[name].unique().tolist(), legend=legend)


def _shares(x: str) -> list:
    percents = [alt.Tooltip(f"{n}:Q", format=".2%") for n in ("click_through", "low", "high")]
    return [x, "impressions", "clicks", *percents]
