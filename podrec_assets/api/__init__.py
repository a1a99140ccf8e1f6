"""The REST API: serves published lists and accepts events. Only this package imports FastAPI."""
