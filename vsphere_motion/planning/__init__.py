"""Pure planning: names to objects, moves, plans."""
