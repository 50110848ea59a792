"""Pure reading of the hosts' logs."""
