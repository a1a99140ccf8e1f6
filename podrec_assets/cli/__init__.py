"""The `podrec` command: one file a family of commands; each is a thin layer over the rooms below."""
