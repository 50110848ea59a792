"""Executing a plan: the one loop, the journal, verification."""
