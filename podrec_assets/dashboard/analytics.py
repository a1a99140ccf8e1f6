"""The Analytics page: listening, completion, top shows, retention, click-through, transcripts."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from podrec_assets.dashboard import charts
from podrec_assets.dashboard.shared import FRESH_S, cells, connections, error_messages
from podrec_assets.serving import analytics

SPANS = {"2 weeks": 14, "4 weeks": 28, "13 weeks": 91}
PERIODS = (
    (1, "days", 21),
    (7, "weeks", 26 * 7),
    (28, "four weeks", 28 * analytics.MOST_PERIODS),
    (365, "years", 10**6),
)
"""Length of a cohort's periods in days, their name, and the longest span that uses them."""
VERSIONS_SHOWN = 20


@st.cache_data(ttl=FRESH_S, show_spinner="Counting …")
def ask(
    sql: str, first: date, last: date, shows: tuple[str, ...] = (), **parameters: object
) -> pd.DataFrame:
    """Returns the result of a query of `serving.analytics`."""
    return analytics.ask(connections(), sql, first, last, shows, **parameters).to_pandas()


def show() -> None:
    """Shows the page."""
    st.title("Analytics", anchor=False)
    span = _span()
    if span is None:
        st.info("Select the last day too.")
        return
    first, last = span
    with error_messages():
        names = ask(analytics.SHOWS, first, last)["show_title"].tolist()
        shows = tuple(st.multiselect("Shows", names, placeholder="All shows", key="shows"))
        by_day = ask(analytics.LISTENING_BY_DAY, first, last, shows)
        if by_day.empty:
            st.info(
                "There are no plays on these days. If you expected some, `podrec status` shows "
                "events that have not landed yet."
            )
            return
        _numbers(by_day)
        listening, retention, clicks, transcripts = st.tabs(
            ["Listening", "Retention", "Click-through", "Transcripts"]
        )
        with listening:
            _listening(first, last, shows, by_day)
        with retention:
            _retention(first, last, shows)
        with clicks:
            _clicks(first, last)
        with transcripts:
            _transcripts(first, last)


def _span() -> tuple[date, date] | None:
    today = datetime.now(UTC).date()
    left, right = st.columns(2)
    chosen = left.segmented_control(
        "Period", [*SPANS, "Custom"], default="2 weeks", required=True, key="span"
    )
    if chosen in SPANS:
        return today - timedelta(days=SPANS[chosen] - 1), today
    span = right.date_input(
        "From and to (UTC)", (today - timedelta(days=6), today), max_value=today, key="days"
    )
    return (span[0], span[1]) if isinstance(span, tuple) and len(span) == 2 else None


def _numbers(by_day: pd.DataFrame) -> None:
    latest = by_day.iloc[-1]
    before = by_day.iloc[-2] if len(by_day) > 1 else None
    today = datetime.now(UTC).date()
    day = pd.Timestamp(latest["day"]).date()
    so_far = " (so far)" if day == today else ""
    st.caption(f"On {day:%d %b %Y}{so_far}, compared with the day before")
    with st.container(horizontal=True):
        for name in ("plays", "listeners", "likes", "skips"):
            change = None if before is None else int(latest[name] - before[name])
            st.metric(
                name.capitalize(), f"{int(latest[name]):,}", change, border=True, delta_color="off"
            )


def _listening(first: date, last: date, shows: tuple[str, ...], by_day: pd.DataFrame) -> None:
    left, right = st.columns(2)
    over_time = by_day.melt("day", ["plays", "listeners"], "series", "value")
    left.altair_chart(charts.lines(over_time, "Plays and listeners by day", "number", "series"))
    completion = ask(analytics.COMPLETION, first, last, shows)
    right.altair_chart(
        charts.columns(
            completion,
            "Completion",
            "from_percent",
            "listens",
            "% of the episode played, from",
            "listens",
        )
    )
    top = ask(analytics.TOP_SHOWS, first, last, shows)
    left.altair_chart(charts.ranking(top, "Top shows", "show_title", "plays", "plays"))
    right.markdown("**Top episodes**")
    right.dataframe(
        cells(ask(analytics.TOP_EPISODES, first, last, shows)),
        hide_index=True,
        column_config={
            "title": st.column_config.TextColumn("episode", width="medium"),
            "show_title": "show",
            "mean_completed_share": st.column_config.ProgressColumn(
                "mean completion", min_value=0, max_value=1, format="percent"
            ),
        },
    )


def _retention(first: date, last: date, shows: tuple[str, ...]) -> None:
    days = (last - first).days + 1
    step, unit = next((length, unit) for length, unit, longest in PERIODS if days <= longest)
    rows = ask(analytics.RETENTION, first, last, shows, step=step)
    st.altair_chart(charts.retention(rows, "Listeners who came back after their first play", unit))
    st.caption("Listeners are grouped by the period of their first play within the selected days.")


def _clicks(first: date, last: date) -> None:
    by_position = ask(analytics.CLICKS_BY_POSITION, first, last)
    if by_position.empty:
        st.info(
            "No list was shown on these days. Open a listener on *For you*; events appear here "
            "once they have landed."
        )
        return
    by_version = ask(analytics.CLICKS_BY_VERSION, first, last).tail(VERSIONS_SHOWN)
    left, right = st.columns(2)
    left.altair_chart(_click_through(by_position, "position", "position in the list"))
    if by_version.empty:
        right.info("No event of these days names the version of its list.")
    else:
        right.altair_chart(_click_through(by_version, "list_version", "list version"))
    st.caption("Vertical lines are 95% intervals (Wilson). Top positions always get more clicks.")


def _click_through(rows: pd.DataFrame, column: str, unit: str) -> charts.Layers:
    title = f"Click-through by {column.replace('_', ' ')}"
    return charts.shares_with_intervals(rows, title, column, unit)


def _transcripts(first: date, last: date) -> None:
    rows = ask(analytics.TRANSCRIPT_COVERAGE, first, last)
    if rows.empty:
        st.info("There are no transcripts yet.")
        return
    saved = rows.loc[rows["source"] == "publisher", "minutes"].sum()
    with_text = rows.loc[rows["status"] == "ok", "episodes"].sum()
    with st.container(horizontal=True):
        share = f"{int(with_text):,} of {int(rows['episodes'].sum()):,}"
        st.metric("Episodes with a transcript", share, border=True)
        hint = "Minutes of audio that needed no speech recognition: the publisher has a transcript."
        st.metric("ASR minutes saved", f"{saved:,.0f}", help=hint, border=True)
    by_source = rows.assign(kind=rows["source"].where(rows["status"] == "ok", rows["status"]))
    title = "Episodes by transcript source"
    st.altair_chart(charts.ranking(by_source, title, "kind", "episodes", "episodes"))
    st.caption("All episodes, independent of the selected days.")


show()
