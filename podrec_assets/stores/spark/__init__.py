"""The Spark session, and local clusters."""
