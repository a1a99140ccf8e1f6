"""A world of listeners whose tastes are known, so that what a list is worth can be computed. Plain
Python; no I/O.
"""
