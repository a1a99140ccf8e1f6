"""Alternating least squares for implicit feedback, by three engines."""
