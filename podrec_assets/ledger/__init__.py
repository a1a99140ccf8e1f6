"""The offset ledger of a topic: what has landed, what to read next, and what is late."""
