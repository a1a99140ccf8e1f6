"""Charts with titles, units and a common style; the theme sets their colours. Pure."""

from typing import Any

import altair as alt
import pandas as pd

Layers = alt.LayerChart | alt.FacetChart
HEIGHT = 260
MIN_IMPRESSIONS = 30
"""Minimum impressions for an interval to affect the chart's scale."""
DAY_MS = 86_400_000
MAX_TICKS = 6
POINTS_BELOW = 100
"""Lines of fewer rows also show points."""
DAY_TOOLTIP = alt.Tooltip("utcyearmonthdate(day):T", title="day", format="%d %b %Y")
"""Days are UTC; a browser west of UTC would show the day before."""


def lines(
    rows: pd.DataFrame, title: str, unit: str, series: str | None = None, value: str = "value"
) -> alt.Chart:
    """Returns a line over days. Columns: day, the value, and optionally the series."""
    chart = alt.Chart(rows, title=title, height=HEIGHT).mark_line(point=len(rows) < POINTS_BELOW)
    colour: dict[str, Any] = {"color": _series(rows, series)} if series else {}
    tooltip = [DAY_TOOLTIP, *([series] if series else []), alt.Tooltip(f"{value}:Q", title=unit)]
    return chart.encode(x=_days(rows), y=alt.Y(f"{value}:Q", title=unit), tooltip=tooltip, **colour)


def lines_with_intervals(
    rows: pd.DataFrame, title: str, unit: str, series: str | None, value: str = "value"
) -> Layers:
    """Returns lines with 95% bands over days. Columns: day, series, value, low, high."""
    colour: dict[str, Any] = {"color": _series(rows, series)} if series else {}
    base = alt.Chart(rows).encode(x=_days(rows), **colour)
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=unit), y2="high:Q")
    parts = [alt.Tooltip(f"{n}:Q", format=".3f") for n in (value, "low", "high")]
    tooltip = [DAY_TOOLTIP, *([series] if series else []), *parts]
    line = base.mark_line(point=True).encode(y=alt.Y(f"{value}:Q", title=unit), tooltip=tooltip)
    return alt.layer(band, line).properties(title=title, height=HEIGHT)


def columns(rows: pd.DataFrame, title: str, x: str, y: str, x_unit: str, y_unit: str) -> alt.Chart:
    """Returns vertical bars over an ordered x."""
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
    """Returns horizontal bars, the largest at the top."""
    # Names can be long: they are truncated, and the tooltip shows them in full.
    axis = alt.Axis(labelLimit=150, labelOverlap=False, title=None)
    y = alt.Y(f"{name}:N", sort="-x", axis=axis)
    chart = alt.Chart(rows, title=title, height=max(HEIGHT, 60 + 24 * len(rows))).mark_bar()
    return chart.encode(x=alt.X(f"{value}:Q", title=unit), y=y, tooltip=list(rows.columns))


def shares_with_intervals(rows: pd.DataFrame, title: str, x: str, x_unit: str) -> Layers:
    """Returns click-through with 95% intervals over an ordered x.

    Columns: x, click_through, low, high, impressions, clicks.
    """
    x_axis = alt.Axis(labelAngle=0, labelLimit=110, labelOverlap=True)
    base = alt.Chart(rows).encode(x=alt.X(f"{x}:O", title=x_unit, axis=x_axis))
    # Intervals of few impressions would flatten all other bars, so they are clipped.
    reliable = rows[rows["impressions"] >= MIN_IMPRESSIONS]
    top = (reliable if len(reliable) else rows)["high"].max()
    scale = alt.Scale(domain=[0, min(1.0, 1.1 * top)])
    y = alt.Y(
        "click_through:Q", title="clicks per impression", axis=alt.Axis(format=".0%"), scale=scale
    )
    bars = base.mark_bar(clip=True).encode(y=y, tooltip=_shares(x))
    whiskers = base.mark_rule(strokeWidth=2, opacity=0.6, clip=True).encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    return alt.layer(bars, whiskers).properties(title=title, height=HEIGHT)


def retention(rows: pd.DataFrame, title: str, unit: str) -> alt.Chart:
    """Returns a heatmap of the share of each cohort that came back, by periods later.

    Columns: cohort, later, listeners, share.
    """
    rows = rows.assign(cohort=pd.to_datetime(rows["cohort"]).dt.strftime("%Y-%m-%d"))
    axes: dict[str, Any] = {
        "x": alt.X("later:O", title=f"{unit} later", axis=alt.Axis(labelAngle=0)),
        "y": alt.Y("cohort:O", title="first play"),
        "color": alt.Color(
            "share:Q",
            title="share",
            scale=alt.Scale(domain=[0, 1]),
            legend=alt.Legend(format=".0%"),
        ),
    }
    tooltip = ["cohort", "later", "listeners", alt.Tooltip("share:Q", format=".1%")]
    return alt.Chart(rows, title=title, height=HEIGHT).mark_rect().encode(**axes, tooltip=tooltip)


def _days(rows: pd.DataFrame) -> alt.X:
    """Returns the axis of days; with few days each has a tick, or labels would repeat at noon."""
    days = [
        alt.DateTime(year=d.year, month=d.month, date=d.day, utc=True)
        for d in sorted(set(rows["day"]))
    ]
    ticks: dict[str, Any] = {"tickCount": MAX_TICKS, "tickMinStep": DAY_MS}
    if len(days) <= MAX_TICKS:
        ticks = {"values": days}
    axis = alt.Axis(title=None, format="%d %b", labelOverlap=True, **ticks)
    return alt.X("day:T", scale=alt.Scale(type="utc"), axis=axis)


def _series(rows: pd.DataFrame, name: str) -> alt.Color:
    """Returns colours in the order of the series; symbolOpacity overrides the band's opacity."""
    legend = alt.Legend(orient="bottom", symbolOpacity=1)
    return alt.Color(f"{name}:N", title=None, sort=rows[name].unique().tolist(), legend=legend)


def _shares(x: str) -> list:
    percents = [alt.Tooltip(f"{n}:Q", format=".2%") for n in ("click_through", "low", "high")]
    return [x, "impressions", "clicks", *percents]
