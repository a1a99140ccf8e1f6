"""Dagster resources: the Spark session of a run, and the lake's storage options.

Only what Dagster configures, shows or closes belongs here. Stores do not: `pipelines.connections`
is plain Python, and is passed to assets as it is.
"""
