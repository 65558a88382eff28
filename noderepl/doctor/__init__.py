"""The checks of `noderepl doctor` and %doctor: what is examined, in which order, and what it says.

A check returns a Found and shows nothing. checks.py has the table of checks and runs them.
"""
