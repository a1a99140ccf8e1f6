"""Listening over time, completion, what is heard most, who comes back, click-through by position: DuckDB on Delta."""

from datetime import UTC, date, datetime, timedelta

import altair as alt
import pandas as pd
import streamlit as st

from podrec_assets.dashboard.shared import FRESH_S, connections, errors_in_words
from podrec_assets.serving import analytics

DAYS = 14


@st.cache_data(ttl=FRESH_S)
def ask(sql: str, first: date, last: date) -> pd.DataFrame:
    """The answer to a question of `serving.analytics`."""
    return analytics.ask(connections(), sql, first, last).to_pandas()


def show() -> None:
    """The page."""
    st.title("Analytics")
    today = datetime.now(UTC).date()
    span = st.date_input("Days", (today - timedelta(days=DAYS - 1), today), max_value=today)
    if not isinstance(span, tuple) or len(span) < 2:
        st.info("Choose the last day too.")
        return
    first, last = span
    with errors_in_words():
        by_day = ask(analytics.LISTENING_BY_DAY, first, last)
        if by_day.empty:
            st.info("Nobody listened on these days, or nothing has landed yet.")
            return
        _numbers(by_day)
        _charts(first, last, by_day)


def _numbers(by_day: pd.DataFrame) -> None:
    for column, name in zip(st.columns(4), ("plays", "listeners", "likes", "skips"), strict=True):
        column.metric(f"{name} on {by_day['day'].iloc[-1]}", int(by_day[name].iloc[-1]))


def _charts(first: date, last: date, by_day: pd.DataFrame) -> None:
    left, right = st.columns(2)
    left.subheader("Plays and listeners by day", anchor=False)
    left.line_chart(by_day, x="day", y=["plays", "listeners"])
    right.subheader("How far plays go", anchor=False)
    right.bar_chart(ask(analytics.COMPLETION, first, last), x="from_percent", y="plays", x_label="from % of the episode")
    left.subheader("Shows", anchor=False)
    left.bar_chart(ask(analytics.TOP_SHOWS, first, last), x="show_title", y="plays", horizontal=True, sort="-plays", y_label="")
    right.subheader("Click-through by position", anchor=False)
    right.bar_chart(ask(analytics.CLICKS_BY_POSITION, first, last), x="position", y="click_through")
    left.subheader("Episodes", anchor=False)
    left.dataframe(ask(analytics.TOP_EPISODES, first, last), hide_index=True)
    right.subheader("Who comes back", anchor=False)
    right.altair_chart(_retention(ask(analytics.RETENTION, first, last)))
    left.subheader("Transcripts", anchor=False)
    left.dataframe(ask(analytics.TRANSCRIPT_COVERAGE, date(2018, 1, 1), last), hide_index=True)


def _retention(rows: pd.DataFrame) -> alt.Chart:
    """Listeners of each first day who played again so many days later."""
    rows = rows.assign(cohort=rows["cohort"].astype(str))
    axes = {"x": alt.X("days_later:O", title="days later"), "y": alt.Y("cohort:O", title="first play")}
    return (
        alt.Chart(rows).mark_rect().encode(**axes, color=alt.Color("listeners:Q"), tooltip=["cohort", "days_later", "listeners"])
    )


show()
