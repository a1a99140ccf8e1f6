"""Jobs that people start by name in the UI, and the schedule of upkeep.

Assets are kept up to date without these jobs: automation conditions and sensors request the runs.
"""
