"""Listening over time, completion, what is heard most, who comes back, click-through, transcripts:
DuckDB on Delta, no Spark.
"""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from podrec_assets.dashboard import charts
from podrec_assets.dashboard.shared import FRESH_S, connections, errors_in_words
from podrec_assets.serving import analytics

SPANS = {"2 weeks": 14, "4 weeks": 28, "13 weeks": 91}
PERIODS = (
    (1, "days", 21),
    (7, "weeks", 26 * 7),
    (28, "four weeks", 28 * analytics.MOST_PERIODS),
    (365, "years", 10**6),
)
"""Length of a cohort's periods, their name, and up to how many days they are used."""
VERSIONS_SHOWN = 20


@st.cache_data(ttl=FRESH_S, show_spinner="Counting …")
def ask(
    sql: str, first: date, last: date, shows: tuple[str, ...] = (), **parameters: object
) -> pd.DataFrame:
    """The answer to a question of `serving.analytics`."""
    return analytics.ask(connections(), sql, first, last, shows, **parameters).to_pandas()


def show() -> None:
    """The page."""
    st.title("Analytics", anchor=False)
    span = _span()
    if span is None:
        st.info("Choose the last day too.")
        return
    first, last = span
    with errors_in_words():
        names = ask(analytics.SHOWS, first, last)["show_title"].tolist()
        shows = tuple(st.multiselect("Shows", names, placeholder="All shows", key="shows"))
        by_day = ask(analytics.LISTENING_BY_DAY, first, last, shows)
        if by_day.empty:
            st.info(
                "Nobody listened on these days, or nothing has landed yet: `podrec status` shows what waits."
            )
            return
        _numbers(by_day, last)
        heard, who, lists, texts = st.tabs(
            ["What is heard", "Who comes back", "What lists do", "Transcripts"]
        )
        with heard:
            _heard(first, last, shows, by_day)
        with who:
            _retention(first, last, shows)
        with lists:
            _clicks(first, last)
        with texts:
            _transcripts(first, last)


def _span() -> tuple[date, date] | None:
    today = datetime.now(UTC).date()
    left, right = st.columns(2)
    chosen = left.segmented_control(
        "Days", [*SPANS, "others"], default="2 weeks", required=True, key="span"
    )
    if chosen in SPANS:
        return today - timedelta(days=SPANS[chosen] - 1), today
    span = right.date_input(
        "From and to (UTC)", (today - timedelta(days=6), today), max_value=today, key="days"
    )
    return (span[0], span[1]) if isinstance(span, tuple) and len(span) == 2 else None


def _numbers(by_day: pd.DataFrame, last: date) -> None:
    latest = by_day.iloc[-1]
    before = by_day.iloc[-2] if len(by_day) > 1 else None
    today = datetime.now(UTC).date()
    day = pd.Timestamp(latest["day"]).date()
    st.caption(
        f"On {day:%d %b %Y}{', a day that is not over' if day == today else ''}, beside the day before"
    )
    with st.container(horizontal=True):
        for name in ("plays", "listeners", "likes", "skips"):
            change = None if before is None else int(latest[name] - before[name])
            st.metric(
                name.capitalize(), f"{int(latest[name]):,}", change, border=True, delta_color="off"
            )


def _heard(first: date, last: date, shows: tuple[str, ...], by_day: pd.DataFrame) -> None:
    left, right = st.columns(2)
    over_time = by_day.melt("day", ["plays", "listeners"], "what", "value")
    left.altair_chart(charts.lines(over_time, "Plays and listeners by day", "number", "what"))
    completion = ask(analytics.COMPLETION, first, last, shows)
    right.altair_chart(
        charts.columns(
            completion,
            "How far listeners get",
            "from_percent",
            "listens",
            "from % of the episode",
            "listens",
        )
    )
    top = ask(analytics.TOP_SHOWS, first, last, shows)
    left.altair_chart(charts.ranking(top, "Shows heard most", "show_title", "plays", "plays"))
    right.markdown("**Episodes heard most**")
    right.dataframe(
        ask(analytics.TOP_EPISODES, first, last, shows),
        hide_index=True,
        column_config={
            "title": st.column_config.TextColumn("episode", width="medium"),
            "show_title": "show",
            "mean_completed_share": st.column_config.ProgressColumn(
                "mean share heard", min_value=0, max_value=1, format="percent"
            ),
        },
    )


def _retention(first: date, last: date, shows: tuple[str, ...]) -> None:
    days = (last - first).days + 1
    step, unit = next((n, unit) for n, unit, most in PERIODS if days <= most)
    rows = ask(analytics.RETENTION, first, last, shows, step=step)
    st.altair_chart(charts.retention(rows, "Listeners who came back after their first play", unit))
    st.caption(
        "A cohort is those whose first play of the chosen days fell within the days that begin there."
    )


def _clicks(first: date, last: date) -> None:
    by_position = ask(analytics.CLICKS_BY_POSITION, first, last)
    if by_position.empty:
        st.info(
            "No list was shown on these days: open a listener on the page *For you*, and land the events."
        )
        return
    by_version = ask(analytics.CLICKS_BY_VERSION, first, last).tail(VERSIONS_SHOWN)
    for place, rows, of, unit in zip(
        st.columns(2),
        (by_position, by_version),
        ("position", "list_version"),
        ("position in the list", "version"),
        strict=True,
    ):
        if rows.empty:
            place.info("No event of these days names the version of its list.")
        else:
            place.altair_chart(
                charts.shares_with_intervals(
                    rows, f"Click-through by {of.replace('_', ' ')}", of, unit
                )
            )
    st.caption(
        "Lines are 95 % intervals (Wilson). Clicks count where the list was shown; position alone moves them."
    )


def _transcripts(first: date, last: date) -> None:
    rows = ask(analytics.TRANSCRIPT_COVERAGE, first, last)
    if rows.empty:
        st.info("No transcript was looked for yet.")
        return
    saved = rows.loc[rows["source"] == "publisher", "minutes"].sum()
    with_text = rows.loc[rows["status"] == "ok", "episodes"].sum()
    with st.container(horizontal=True):
        st.metric(
            "Episodes with text",
            f"{int(with_text):,} of {int(rows['episodes'].sum()):,}",
            border=True,
        )
        words = "Minutes of audio whose publisher gave a transcript, so that no recogniser had to listen to them."
        st.metric("ASR minutes saved", f"{saved:,.0f}", help=words, border=True)
    by_source = rows.assign(kind=rows["source"].where(rows["status"] == "ok", rows["status"]))
    st.altair_chart(
        charts.ranking(
            by_source, "Episodes by source of their transcript", "kind", "episodes", "episodes"
        )
    )
    st.caption("The whole catalogue, whatever days are chosen.")


show()
