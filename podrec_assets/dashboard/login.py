"""The dashboard's login: if a token is configured, a session must enter it before any page."""

import streamlit as st

from podrec_assets.dashboard.shared import connections, error_messages
from podrec_assets.serving.access import TooManyGuessesError, admits, brake, check_exposure

ADMITTED, ENTERED, PROBLEM = "is_admitted", "entered_token", "login_problem"
_GUESSES = brake()
"""Of all sessions of this server: a new session does not bring new guesses."""


def is_admitted() -> bool:
    """Returns whether this session may see pages; without a token, only on loopback.

    The address is checked here too, because the app can be started without `podrec dashboard`.
    """
    token = _token()
    if not token:
        with error_messages():
            check_exposure(st.get_option("server.address") or "", token, "PODREC_DASHBOARD_TOKEN")
        return True
    return bool(st.session_state.get(ADMITTED))


def ask() -> None:
    """Shows the login. The session stores whether the token was right, not the token."""
    st.title("podrec")
    with st.form("login"):
        st.text_input(
            "Token", type="password", key=ENTERED, help="The value of PODREC_DASHBOARD_TOKEN."
        )
        st.form_submit_button("Log in", on_click=_compare)
    if problem := st.session_state.get(PROBLEM):
        st.error(problem)


def _compare() -> None:
    client = st.context.ip_address or ""  # None on this machine
    try:
        is_right = admits(st.session_state[ENTERED], _token(), client, _GUESSES)
        problem = "" if is_right else "Wrong token."
    except TooManyGuessesError as err:
        is_right, problem = False, str(err)
    st.session_state[ADMITTED], st.session_state[PROBLEM] = is_right, problem


def _token() -> str:
    return connections().settings.dashboard_token.get_secret_value()
