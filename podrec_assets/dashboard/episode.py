"""The Episode page: player, topics, searchable transcript, and similar episodes."""

import streamlit as st
from sklearn.feature_extraction.text import TfidfVectorizer

from podrec_assets.dashboard.shared import (  # fmt: skip
    FRESH_S,
    artwork,
    at,
    cells,
    connections,
    episodes,
    error_messages,
    facts,
    plain_text,
    side_by_side,
)
from podrec_assets.errors import UnknownIdError
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.serving import keywords
from podrec_assets.serving.catalogue import transcript, withdrawal
from podrec_assets.serving.reader import neighbours
from podrec_assets.visible_text import visible

SIMILAR = 8


@st.cache_resource(ttl=20 * FRESH_S, show_spinner="Reading transcripts …")
def vocabulary() -> TfidfVectorizer | None:
    """Returns the vectorizer that topics are computed with."""
    return keywords.vocabulary(connections())


def show() -> None:
    """Shows the page."""
    with error_messages():
        known = episodes()
    if not known:
        st.info(
            "There are no episodes yet: run `make demo`, or `podrec ingest` with a feed's address."
        )
        return
    ids = sorted(known, key=lambda e: (known[e]["show_title"] or "", known[e]["title"] or ""))
    wanted = st.query_params.get("id")
    chosen = st.selectbox(
        "Episode", ids, index=ids.index(wanted) if wanted in known else 0,
        format_func=lambda e: visible(f"{known[e]['show_title']}: {known[e]['title']}"),
    )  # fmt: skip
    st.query_params["id"] = chosen
    with error_messages():
        latest = transcript(connections(), chosen)
        if withdrawn := withdrawal(connections(), chosen):
            st.warning(escape_markdown(f"In no list: {withdrawn.says}"))
    text = latest if latest and latest["status"] == "ok" else None
    _head(known[chosen], text["segments"] if text else [])
    player = st.container()
    spoken, similar = st.tabs(["Transcript", "Similar episodes"])
    start_s = 0.0
    with spoken:
        if text:
            start_s = _transcript(chosen, text)
        else:
            reason = escape_markdown(latest["reason"]) if latest else "not looked for yet"
            st.info(f"No transcript: {reason}.")
    with similar:
        _similar(chosen, known)
    with player:
        _player(known[chosen], start_s)


def _head(episode: dict, segments: list[dict]) -> None:
    picture, text = st.columns([1, 7])
    with picture:
        artwork(episode, 128)
    with text:
        st.title(escape_markdown(episode["title"]), anchor=False)
        st.caption(escape_markdown(facts(episode)))
        terms = vocabulary() if segments else None
        if terms is not None:
            topics = keywords.topics(terms, " ".join(s["text"] for s in segments))
            st.markdown(" ".join(f":gray-badge[{escape_markdown(topic)}]" for topic in topics))
        plain_text(episode["description"])


def _player(episode: dict, start_s: float) -> None:
    url = episode["audio_url"]
    if url and url.startswith(("http://", "https://")):
        st.audio(url, format=episode["audio_type"] or "audio/mpeg", start_time=start_s)
    else:
        st.caption("The feed has no audio for this episode.")


def _transcript(episode: str, row: dict) -> float:
    """Shows the transcript; returns the start of the selected line in seconds, else 0."""
    words = st.text_input(
        "Search in this transcript", key=f"find-{episode}", placeholder="a word or phrase"
    )
    segments = [s for s in row["segments"] if words.lower() in s["text"].lower()]
    language = escape_markdown(row["language"]) or "unknown language"
    st.caption(
        f"{row['word_count']:,} words, {language}, from {row['source']} by {row['engine']} · "
        f"{len(segments)} of {len(row['segments'])} passages · select one to play from there"
    )
    if row["reason"]:
        st.caption(f"Note: {escape_markdown(row['reason'])}.")
    if not segments:
        st.info(f"“{escape_markdown(words)}” does not occur in this transcript.")
        return 0.0
    rows = [
        {"at": at(s["start_s"]), "speaker": s["speaker"] or "", "text": s["text"]} for s in segments
    ]
    columns = {
        "at": st.column_config.TextColumn(width=70),
        "speaker": st.column_config.TextColumn(),
        "text": st.column_config.TextColumn(width="large"),
    }
    if not any(r["speaker"] for r in rows):
        del columns["speaker"]
    table = st.dataframe(
        cells(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"lines-{episode}-{words}",
        column_order=list(columns),
        column_config=columns,
    )
    for index in table["selection"]["rows"]:
        with st.container(border=True):
            plain_text(segments[index]["text"])
        return segments[index]["start_s"] or 0.0
    return 0.0


def _similar(episode: str, known: dict[str, dict]) -> None:
    try:
        with error_messages():
            items = neighbours(connections(), episode, SIMILAR)["items"]
    except UnknownIdError as err:
        st.info(escape_markdown(str(err)))
        return
    for item in items:
        with st.container(border=True):
            there = known.get(item["episode_id"], {})
            with st.container(horizontal=True, vertical_alignment="center"):
                st.subheader(f"{item['rank']}. {escape_markdown(item['title'])}", anchor=False)
                link = {"id": item["episode_id"]}
                st.page_link(
                    "episode.py", label="Open", icon=":material/arrow_forward:", query_params=link
                )
            st.caption(f"{escape_markdown(facts(there))} · cosine {item['cosine']:.2f}")
            side_by_side(item)


show()
