"""Pipelines from the interaction history to ranked lists."""
