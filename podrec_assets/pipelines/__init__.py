"""The application layer: reads stores, calls pure functions, writes results. No Dagster."""
