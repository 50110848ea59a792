"""A run in words, JSON and HTML."""
