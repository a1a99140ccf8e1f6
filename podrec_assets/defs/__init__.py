"""The Dagster room: the graph and its operation. Only it, `definitions` and `cli` import Dagster.

`assets`, `checks`, `sensors`, `jobs`, `io_managers`, `resources` and `audit` say in their
docstrings what belongs there. The files at this level are shared: partitions, automation
conditions, deadlines, the instance, the run launcher, and `dagster_internals` for Dagster's private
API.
"""
