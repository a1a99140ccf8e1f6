"""Pipelines for operating podrec, such as backups and alerts."""
