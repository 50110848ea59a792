"""Pure checks of a move; one file a subject, each listing its CHECKS."""
