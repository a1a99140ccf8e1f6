"""The Streamlit dashboard; app.py is its entry point, and each page is a file."""
