"""The embedded pool: the dynamic-sessions API in front of one real Node.js process per session identifier.

Nothing here imports another part of noderepl; the parts that start Node import the standard library only.
"""
