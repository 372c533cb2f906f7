"""
The Python engine against the published packages: generated cases, both answers, what differs made small.

Every case is known by seed and index, and is JSON text of one line, so that any difference can be told and replayed.
"""
