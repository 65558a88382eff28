"""Reads from the terminal and writes to it. This package runs nothing and does not depend on
HTTP.
"""
