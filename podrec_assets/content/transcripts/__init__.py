"""Transcripts: choosing, parsing, checking and retrying them."""
