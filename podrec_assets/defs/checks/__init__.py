"""Asset checks, one file per subject; each file lists its own in CHECKS.

A check reads a store and reports; it never repairs. A blocking check stops the run before other
assets read what is wrong; the others only report. Pure rules belong in the plain rooms, for example
the gate's in `recommend.ranking`. Audits across stores, for `podrec doctor --deep`, belong in
`audit`.
"""
