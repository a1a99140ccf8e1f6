"""Pure functions on what podcasts publish: feeds, transcripts, speech recognition, similarity."""
