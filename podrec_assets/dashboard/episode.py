"""One episode: player, topics, transcript with times and search in it, similar episodes with the
two passages side by side.
"""

import streamlit as st
from sklearn.feature_extraction.text import TfidfVectorizer

from podrec_assets.dashboard.shared import (  # fmt: skip
    FRESH_S,
    artwork,
    at,
    connections,
    episodes,
    errors_in_words,
    facts,
    side_by_side,
)
from podrec_assets.errors import UnknownIdError
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.serving import keywords
from podrec_assets.serving.catalogue import transcript
from podrec_assets.serving.reader import neighbours

SIMILAR = 8


@st.cache_resource(ttl=20 * FRESH_S, show_spinner="Reading transcripts …")
def vocabulary() -> TfidfVectorizer | None:
    """What topics are told apart by."""
    return keywords.vocabulary(connections())


def show() -> None:
    """The page."""
    with errors_in_words():
        known = episodes()
    if not known:
        st.info(
            "No episodes are known yet: run `make demo`, or `podrec ingest` with the address of a feed."
        )
        return
    ids = sorted(known, key=lambda e: (known[e]["show_title"] or "", known[e]["title"] or ""))
    wanted = st.query_params.get("id")
    chosen = st.selectbox(
        "Episode", ids, index=ids.index(wanted) if wanted in known else 0,
        format_func=lambda e: f"{known[e]['show_title']}: {known[e]['title']}",
    )  # fmt: skip
    st.query_params["id"] = chosen
    with errors_in_words():
        found = transcript(connections(), chosen)
    has_text = found is not None and found["status"] == "ok"
    _head(known[chosen], found["segments"] if has_text and found else [])
    player = st.container()
    said, similar = st.tabs(["Transcript", "Similar episodes"])
    with said:
        start_s = _transcript(chosen, found) if has_text and found else 0.0
        if not has_text:
            st.info(
                f"No transcript: {escape_markdown(found['reason']) if found else 'it was never looked for'}."
            )
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
            found = keywords.topics(terms, " ".join(s["text"] for s in segments))
            st.markdown(" ".join(f":gray-badge[{escape_markdown(t)}]" for t in found))
        st.text(episode["description"] or "")


def _player(episode: dict, start_s: float) -> None:
    url = episode["audio_url"]
    if url and url.startswith(("http://", "https://")):
        st.audio(url, format=episode["audio_type"] or "audio/mpeg", start_time=start_s)
    else:
        st.caption("The feed gives no audio for this episode.")


def _transcript(episode: str, found: dict) -> float:
    """Shows it; returns where the line begins that was chosen to be heard, else 0."""
    words = st.text_input(
        "Search in this transcript", key=f"find-{episode}", placeholder="a word or phrase"
    )
    segments = [s for s in found["segments"] if words.lower() in s["text"].lower()]
    language = escape_markdown(found["language"]) or "language unknown"
    count = (
        f"{found['word_count']:,} words, {language}, from {found['source']} by {found['engine']}"
    )
    st.caption(
        f"{count} · {len(segments)} of {len(found['segments'])} passages · choose one to hear it from there"
    )
    if not segments:
        st.info(f"“{escape_markdown(words)}” is not said in it.")
        return 0.0
    rows = [
        {"at": at(s["start_s"]), "speaker": s["speaker"] or "", "text": s["text"]} for s in segments
    ]
    chosen = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="single-row", key=f"lines-{episode}-{words}",
        column_order=["at", *(["speaker"] if any(r["speaker"] for r in rows) else []), "text"],
        column_config={"at": st.column_config.TextColumn(width=70), "text": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    for row in chosen["selection"]["rows"]:
        with st.container(border=True):
            st.text(segments[row]["text"])
        return segments[row]["start_s"] or 0.0
    return 0.0


def _similar(episode: str, known: dict[str, dict]) -> None:
    try:
        with errors_in_words():
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
