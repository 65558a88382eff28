"""The embedded pool: the dynamic-sessions API in front of one real Node.js process per session
identifier.

This package imports no other part of noderepl; the modules that start Node.js import the standard
library only.
"""
