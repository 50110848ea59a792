"""Public testing aids: the pytest plugin."""
