"""The REST interface: what is published, over HTTP, and events on their way in. FastAPI is imported
by this room alone.
"""
