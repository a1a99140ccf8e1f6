"""Reads what is published, for the commands, the dashboard and the API."""
