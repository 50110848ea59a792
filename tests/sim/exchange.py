"""A site on which two VMs change places by way of a third host: three waves of one move each."""

EXCHANGE = """
version: 1
clusters:
  - name: full
    hosts: [{name: esx-1, memory_gib: 48}, {name: esx-2, memory_gib: 48}, {name: esx-3, memory_gib: 48}]
datastores: [{name: shared}]
networks: [{name: net}]
vms:
  - {name: left, host: esx-1, memory_gib: 32, touched_percent: 100}
  - {name: right, host: esx-2, memory_gib: 32, touched_percent: 100}
"""
