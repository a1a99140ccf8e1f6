"""Pipelines from feeds to episodes, transcripts and embeddings."""
