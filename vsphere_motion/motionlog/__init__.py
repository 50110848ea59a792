"""Pure reading of the hosts' logs: prefixes, vmkernel messages, VMkernel codes, and the timeline of one migration."""
