"""Jobs that people start by name in the UI, and their schedules.

What runs by itself is no job: automation conditions and sensors request it. What a job does is
written in plain rooms, so that a command can do the same.
"""
