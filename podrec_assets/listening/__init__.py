"""Pure functions on listening events: messages, batches and daily scores."""
