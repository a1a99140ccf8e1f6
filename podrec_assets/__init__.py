"""podrec: explained podcast recommendations from feeds and listening events."""
