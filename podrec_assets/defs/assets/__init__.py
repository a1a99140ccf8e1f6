"""The graph's assets, one file per subject: thin functions around pure code and pipelines.

An asset reads its inputs, makes a few calls, adds metadata and returns. Computation belongs in
`content`, `listening` and `recommend`, reading and writing of stores in `pipelines`, checks of the
result in `checks`. Each docstring states the grain ("One row is ..."), how the asset writes, what
late data does, and when it fails; Dagster shows it as the asset's description.
"""
