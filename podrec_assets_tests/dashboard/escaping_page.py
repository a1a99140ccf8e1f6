"""A page that shows untrusted text in every element that the dashboard's pages use."""

import streamlit as st

from podrec_assets.markdown_escape import escape_markdown

HOSTILE = (
    "See http://tracker.example/p and https://tracker.example or www.tracker.example",
    "Write to ann@tracker.example now",
    "![x](http://tracker.example/p.png)",
    "<img src=http://tracker.example/p.png> &lt;b&gt;",
    "**bold** _thin_ __fat__ ~gone~ a_b_c $x^2$ | a",
    ":smile: :material/warning: :red[loud] :streamlit: 1:02:03",
    "``http://tracker.example` y ` z",
    "# head",
    "- point",
    "3. third",
    "--- rule",
    "\x1b]52;c;cm0gLXJm\x07 and \x9b31m",
    "\u202egpj.exe\u202c and \u2066x\u2069",
)

if __name__ == "__main__":
    for number, text in enumerate(HOSTILE):
        with st.container(key=f"of-{number}"):
            st.title(escape_markdown(text), anchor=False)
            st.subheader(f"1. {escape_markdown(text)}", anchor=False)
            st.caption(escape_markdown(text))
            st.info(escape_markdown(text))
            st.expander(f"Of {escape_markdown(text)}")
    st.text("all is shown")
