"""One file a story: what the three doors have in common."""
