"""Find, start and stop a simulator."""
