"""Feeds: parsing, ids, change detection, and the messages that announce episodes."""
