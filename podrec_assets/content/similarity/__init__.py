"""Similarity of episodes: chunks, embeddings, TF-IDF and nearest neighbours."""
