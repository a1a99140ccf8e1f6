"""Pipelines that land, replay, import and erase listening events."""
