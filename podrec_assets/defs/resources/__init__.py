"""Dagster resources that adapt something with a lifecycle to a run.

The stores need none: `pipelines.connections` is plain Python and is passed to assets as it is.
"""
