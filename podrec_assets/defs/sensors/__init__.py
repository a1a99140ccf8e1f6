"""Sensors: each reads stores or the instance, decides, and requests runs or sends alerts.

A sensor never consumes a topic and never writes a table. Its decision belongs in a pure function,
here or in a plain room, so that tests need no daemon.
"""
