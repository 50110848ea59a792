"""Public testing aids: the pytest plugin, simulated vCenters, and a proxy that lets calls fail on demand."""
