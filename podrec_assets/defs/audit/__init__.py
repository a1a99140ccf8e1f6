"""What `podrec doctor --deep` verifies: that the stores agree with each other and with Dagster.

An audit reads whole tables and writes nothing. What a run can verify about its own days belongs in
`checks`.
"""
