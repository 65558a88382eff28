"""Runs snippets: sends each at most once and reads its output."""
